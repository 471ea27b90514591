// Runs in the page, after the SDK (or the stand-in): loads the browser client from where the join answer says, joins through usher.join and keeps what it says.
//
// `said` is what the promise resolved with, `heard` what the page's own callbacks were given.
window.said = null;
window.heard = [];

const plain = (value) => JSON.parse(JSON.stringify(value instanceof Error ? { name: value.name, message: value.message } : (value ?? null)));

const sdkIn = {
  client(assets, webEndpoint) {
    const { ZoomMtg } = window;
    ZoomMtg.setZoomJSLib(assets, '/av');
    ZoomMtg.preLoadWasm();
    (ZoomMtg.prepareWebSDK ?? ZoomMtg.prepareJssdk).call(ZoomMtg);
    return new Promise((resolve, reject) => {
      ZoomMtg.init({ leaveUrl: location.origin, webEndpoint, disablePreview: true, success: () => resolve(ZoomMtg), error: reject });
    });
  },

  async component(assets, webEndpoint) {
    const client = window.ZoomMtgEmbedded.createClient();
    const zoomAppRoot = document.getElementById('root');
    await client.init({ zoomAppRoot, webEndpoint, language: 'en-US', assetPath: `${location.origin}${assets}/av` });
    return client;
  },
};

/** From Usher's origin; `crossorigin` makes the browser insist on CORS. */
window.loadUsher = ({ report }) =>
  new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement('script'), { src: report.client, crossOrigin: 'anonymous' });
    script.onload = resolve;
    script.onerror = () => reject(new Error(`no browser client at ${report.client}`));
    document.head.append(script);
  });

/** `retryWith`: what a second `POST /v1/joins` would answer. */
window.joinWithUsher = async ({ answer, webEndpoint, silentAfterMs, retryWith }) => {
  const { view, assets, version } = document.body.dataset;
  await window.loadUsher(answer);
  const sdk = await sdkIn[view](assets, webEndpoint);
  window.usher
    .join(sdk, answer, {
      silentAfterMs,
      release: 'e2e',
      sdkVersion: view === 'component' ? version : undefined,
      success: (value) => window.heard.push({ by: 'success', value: plain(value) }),
      error: (value) => window.heard.push({ by: 'error', value: plain(value) }),
      ...(retryWith && {
        retry: async () => {
          window.heard.push({ by: 'retry' });
          return retryWith;
        },
      }),
    })
    .then((result) => (window.said = plain(result)));
};
