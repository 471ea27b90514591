// A running Usher, with a key, and with a second app whose secret is wrong.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { runJson, startService } from './processes.mjs';
import { ACCOUNT, APP, HOST, MEETING } from './zoom.mjs';

const REPORT_LIMIT_MS = 20_000;
const LOOK_AGAIN_MS = 50;

/** A port of loopback that nobody listens on: the join answer names it, and a restart takes the same one. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** `folder` takes its configuration and data, `zoom` says where its Zoom is, `origin` is the site whose pages may call the drop-in. */
export async function startUsher(folder, zoom, origin) {
  const file = join(folder, 'usher.toml');
  const listen = `127.0.0.1:${await freePort()}`;
  const url = `http://${listen}`;
  await writeFile(
    file,
    `listen = "${listen}"
public_url = "${url}"
data = ${JSON.stringify(join(folder, 'data'))}
allowed_origins = ["${origin}"]

[compat]
enabled = true

[zoom]
${Object.entries(zoom).map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join('\n')}

[[accounts]]
account_id = ${JSON.stringify(ACCOUNT.id)}
client_id = ${JSON.stringify(ACCOUNT.client_id)}
client_secret = ${JSON.stringify(ACCOUNT.client_secret)}

[[apps]]
sdk_key = ${JSON.stringify(APP.key)}
sdk_secret = ${JSON.stringify(APP.secret)}

[[apps]]
name = "with a wrong secret"
sdk_key = ${JSON.stringify(APP.key)}
sdk_secret = "NotTheSecretOfThatApp00000000001"
`,
  );
  const environment = { USHER_CONFIG: file };
  const { key } = await runJson(['key', 'add', '--name', 'e2e', '--scope', 'mint,host,read', '--json'], environment);
  const meeting = ['--number', MEETING.number, '--passcode', MEETING.passcode, '--host', HOST];
  await runJson(['meeting', 'add', ...meeting, '--json'], environment);
  const start = () => startService(['serve'], environment, 1);
  let service = await start();

  async function call(method, path, body) {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const answer = await fetch(`${url}${path}`, { method, headers, body: body && JSON.stringify(body) });
    const told = await answer.json();
    if (answer.status !== 200) throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(told)}`);
    return told;
  }

  /** `GET /v1/attempts/{id}`. */
  const story = (attempt) => call('GET', `/v1/attempts/${attempt}`);

  return {
    url,

    /** `POST /v1/joins`: the whole answer. */
    mint: (request) => call('POST', '/v1/joins', request),

    story,

    /** `GET /v1/witnesses`. */
    witnesses: () => call('GET', '/v1/witnesses'),

    /** The attempt's story, once it has an event of that type. */
    async storyWith(type, attempt) {
      const deadline = Date.now() + REPORT_LIMIT_MS;
      for (;;) {
        const told = await story(attempt);
        // The outcome was read before the events: what it says of this one, the next look tells.
        if (told.events.some((event) => event.type === type)) return await story(attempt);
        if (Date.now() > deadline) throw new Error(`no ${type} in ${REPORT_LIMIT_MS} ms, only ${JSON.stringify(told.events)}`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
    },

    /** `usher sign` as of a moment: the object for `join()`. */
    async signAsOf(now, { meeting_number, view, sdk_version, user_name, passcode }) {
      const { join } = await runJson(
        [
          ...['sign', '--json', '--now', now.toISOString(), '--meeting', meeting_number, '--role', 'attendee'],
          ...['--view', view, '--sdk-version', sdk_version, '--name', user_name, '--passcode', passcode],
        ],
        environment,
      );
      return join;
    },

    stop: () => service.stop(),
    start: async () => void (service = await start()),
  };
}
