// Runs in the page: joins with what it is given and keeps what the SDK says, as it says it.
//
// `answer` is null until the SDK answers; then { by: 'success' | 'error' | 'throw', value }. Some answers never come (a dialog or a page of
// the SDK's own instead): those tests look at the page.
window.answer = null;

function keep(by, value) {
  const plain = value instanceof Error ? { name: value.name, message: value.message } : value;
  window.answer ??= { by, value: JSON.parse(JSON.stringify(plain ?? null)) };
}

const joinIn = {
  client(parameters, assets) {
    const { ZoomMtg } = window;
    ZoomMtg.setZoomJSLib(assets, '/av');
    ZoomMtg.preLoadWasm();
    (ZoomMtg.prepareWebSDK ?? ZoomMtg.prepareJssdk).call(ZoomMtg);
    ZoomMtg.init({
      leaveUrl: window.location.origin,
      disablePreview: true,
      error: (error) => keep('error', error),
      success: () =>
        ZoomMtg.join({
          ...parameters,
          success: (value) => keep('success', value),
          error: (error) => keep('error', error),
        }),
    });
  },

  async component(parameters, assets) {
    const client = window.ZoomMtgEmbedded.createClient();
    try {
      await client.init({ zoomAppRoot: document.getElementById('root'), language: 'en-US', assetPath: `${location.origin}${assets}/av` });
      keep('success', await client.join(parameters));
    } catch (error) {
      keep('error', error);
    }
  },
};

/** Joins in the view of this page. */
window.join = (parameters) => {
  const { view, assets } = document.body.dataset;
  joinIn[view](parameters, assets);
};

/** Joins as Zoom's sample front ends do: asks an endpoint for a signature, then joins with what the page itself knows. */
window.joinLikeTheSample = async ({ authEndpoint, meetingNumber, role, userName, passWord }) => {
  const answer = await fetch(authEndpoint, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ meetingNumber, role }),
  });
  const { signature, sdkKey } = await answer.json();
  const passcodeKey = document.body.dataset.view === 'client' ? 'passWord' : 'password';
  window.join({ signature, sdkKey, meetingNumber, userName, [passcodeKey]: passWord });
};
