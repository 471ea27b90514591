// The simulator, with what it knows, and the part of its control API that the tests use (docs/simulator.md).
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startService } from './processes.mjs';

export const ACCOUNT = { id: 'e2e-account', client_id: 'e2e-client', client_secret: 'not-a-real-client-secret' };
export const APP = { key: 'NotARealSdkKey00000001', secret: 'NotARealSecret000000000000000001' };
export const HOST = 'e2e-host';
export const MEETING = { number: '85012345678', passcode: '314159' };
export const OTHER_MEETING = { ...MEETING, number: '85087654321' };

const SCENARIO = {
  accounts: [ACCOUNT],
  apps: [{ key: APP.key, secrets: [APP.secret], account: ACCOUNT.id }],
  users: [{ id: HOST, email: 'host@example.com', display_name: 'Host', account: ACCOUNT.id }],
  meetings: [MEETING, OTHER_MEETING].map(({ number, passcode }) => ({ number: Number(number), passcode, host: HOST })),
};

const JOIN_CHECK = '/api/v1/wc/info';

/** Fields of the join check that come from the join parameters. The others come from the browser and the SDK. */
const JOIN_FIELDS = ['signature', 'signatureType', 'apiKey', 'meetingNumber', 'userName', 'passWord', 'cv', 'customerKey', 'ztk', 'zsk'];

/** Starts it; `folder` takes its scenario file. */
export async function startZoom(folder) {
  const file = join(folder, 'scenario.json');
  await writeFile(file, JSON.stringify(SCENARIO));
  const listen = ['--listen', '127.0.0.1:0', '--tls-listen', '127.0.0.1:0'];
  const service = await startService(['sim', ...listen, '--scenario', file], {}, 2);
  const [url, tlsUrl] = service.lines.map((line) => line.replace('listening on ', ''));

  async function control(method, path, body) {
    const answer = await fetch(`${url}/_sim/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} /_sim/${path} answered ${answer.status}: ${text}`);
    return text && JSON.parse(text);
  }

  return {
    /** Where an Usher asks it without TLS, by one host name. */
    plain: { api_url: `${url}/v2`, oauth_url: `${url}/oauth/token` },

    /** ... and with TLS, by two, as Zoom has its API and its tokens. */
    async overTls() {
      const ca_file = join(folder, 'zoom-ca.pem');
      await writeFile(ca_file, await (await fetch(`${url}/_sim/ca.pem`)).text());
      const { port } = new URL(tlsUrl);
      return { api_url: `https://localhost:${port}/v2`, oauth_url: `https://127.0.0.1:${port}/oauth/token`, ca_file };
    },

    /** From now on, every host's clock is so far ahead of ours. */
    setClock: (aheadMs) => control('PUT', 'clock', { offset_ms: aheadMs }),

    tlsAddress: `127.0.0.1:${new URL(tlsUrl).port}`,

    /** Forgets the requests and checks everything again. Tokens stay: Usher holds some. */
    async forget() {
      await control('DELETE', 'requests');
      await control('DELETE', 'rules');
    },

    /** From now on, whoever asks that host to join gets this answer of the control API. */
    answerJoins: (host, answer) => control('POST', 'faults', { host, path: JOIN_CHECK, answer }),

    switchOff: (check) => control('PATCH', 'rules', { checks: { [check]: false } }),

    /** The join checks that it has answered, and how they went. */
    async joins() {
      const { requests } = await control('GET', `requests?path=${JOIN_CHECK}`);
      return requests
        .filter(({ method }) => method !== 'OPTIONS')
        .map(({ method, query, form, checks }) => {
          const sent = { ...query, ...form };
          const fields = Object.fromEntries(JOIN_FIELDS.filter((name) => sent[name]).map((name) => [name, sent[name]]));
          const checksThat = (outcome) => checks.filter(({ result }) => result === outcome).map(({ check }) => check);
          return { method, fields, passed: checksThat('passed'), failed: checksThat('failed') };
        });
    },

    stop: service.stop,
  };
}
