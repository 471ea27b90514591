// The interface of both views of the SDK, with a meeting that lets everybody in: the simulator never answers that.
// Who is called "Waits" is held in the waiting room until the test calls `admit()`.
(() => {
  const listeners = {};
  const listen = (event, callback) => (listeners[event] ??= []).push(callback);
  const tell = (event, data) => (listeners[event] ?? []).forEach((callback) => callback(data));

  const admitted = ({ userName }, holdIn) =>
    new Promise((resolve) => {
      if (userName !== 'Waits') return resolve();
      holdIn();
      window.admit = resolve;
    });

  window.ZoomMtg = {
    setZoomJSLib() {},
    preLoadWasm() {},
    prepareWebSDK() {},
    init: ({ success }) => success(),
    getWebSDKVersion: () => ['stand-in'],
    inMeetingServiceListener: listen,
    async join(parameters) {
      await admitted(parameters, () => tell('onUserIsInWaitingRoom', {}));
      parameters.success({ method: 'join', status: true, result: null });
      tell('onMeetingStatus', { meetingStatus: 2 });
    },
  };

  window.ZoomMtgEmbedded = {
    VERSION: 'stand-in',
    createClient: () => ({
      init: async () => '',
      on: listen,
      async join(parameters) {
        await admitted(parameters, () => tell('on-hold-change', { isOnHold: true }));
        tell('connection-change', { state: 'Connected' });
        return '';
      },
    }),
  };
})();
