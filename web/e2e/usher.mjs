// A running Usher, with a key, and with a second app whose secret is wrong.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runJson, startService } from './processes.mjs';
import { ACCOUNT, APP, HOST, MEETING } from './zoom.mjs';

/** `folder` takes its configuration and data, `zoomUrl` is where its Zoom is, `origin` the site whose pages may call the drop-in. */
export async function startUsher(folder, zoomUrl, origin) {
  const file = join(folder, 'usher.toml');
  await writeFile(
    file,
    `listen = "127.0.0.1:0"
data = ${JSON.stringify(join(folder, 'data'))}
allowed_origins = ["${origin}"]

[compat]
enabled = true

[zoom]
api_url = "${zoomUrl}/v2"
oauth_url = "${zoomUrl}/oauth/token"

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
  const { key } = await runJson(['key', 'add', '--name', 'e2e', '--scope', 'mint,host', '--json'], environment);
  const meeting = ['--number', MEETING.number, '--passcode', MEETING.passcode, '--host', HOST];
  await runJson(['meeting', 'add', ...meeting, '--json'], environment);
  const service = await startService(['serve'], environment, 1);
  const url = service.lines[0].replace('listening on ', '');

  return {
    url,

    /** `POST /v1/joins`: the object for `join()`. */
    async mint(request) {
      const answer = await fetch(`${url}/v1/joins`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(request),
      });
      const body = await answer.json();
      if (answer.status !== 200) throw new Error(`POST /v1/joins answered ${answer.status}: ${JSON.stringify(body)}`);
      return body.join;
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

    stop: service.stop,
  };
}
