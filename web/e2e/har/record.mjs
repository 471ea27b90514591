// Records what a browser's HAR file looks like when a join fails: the real SDKs, both views, in Chromium, against the simulator.
//
//     node web/e2e/har/record.mjs [FOLDER] [SITUATION…]
//
// Writes FOLDER/SITUATION.VERSION.VIEW.har and FOLDER/index.json, which says what was true: how far Zoom's clock was moved, when the
// simulator got the request, what the page was told. FOLDER is by default the one that the doctor's tests read. To keep them small, the
// site's own scripts, styles and sounds are left out but for the SDK's main files, and these lose their bodies and request headers; what
// goes to Zoom stays as Chromium and Playwright wrote it. Secrets in the recordings are made up (zoom.mjs).
import { createHmac } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SDKS, VIEWS } from '../sdks.mjs';
import { startWorld } from '../world.mjs';
import { APP, MEETING, OTHER_MEETING } from '../zoom.mjs';

const FOLDER = new URL('../../../crates/usher-core/tests/doctor/har/recorded/', import.meta.url).pathname;
/** The SDK has answered in a second, or never does. */
const ANSWER_LIMIT_MS = 6_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const JOIN_CHECK = '/api/v1/wc/info';

const wire = (code, message) => ({ answer: { kind: 'join', code, message } });
const fromNow = (ms) => new Date(Date.now() + ms);

/** A signature made by hand: `usher sign` refuses what is known to be wrong. */
function sign(claims, secret) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** The same parameters with other claims. */
function withClaims(parameters, changes, secret = APP.secret) {
  const claims = JSON.parse(Buffer.from(parameters.signature.split('.')[1], 'base64url'));
  return { ...parameters, signature: sign({ ...claims, ...changes }, secret) };
}

/**
 * `fault` is one of the simulator's, `abort` an error of the network (at the join check, or at `abortAt`), `edit` changes the parameters,
 * `zoomAheadMs` moves Zoom's clock, `policy` is the page's Content-Security-Policy.
 */
const SITUATIONS = {
  not_started: {},
  iat_ahead: { signedAt: () => fromNow(5 * MINUTE_MS) },
  expired: { signedAt: () => fromNow(-3 * HOUR_MS) },
  wrong_secret: { edit: (parameters) => withClaims(parameters, {}, 'TheSecretOfAnotherApp00000000001') },
  wrong_key: {
    edit: (parameters) => ({
      ...withClaims(parameters, { appKey: 'NobodysSdkKey000000001', sdkKey: 'NobodysSdkKey000000001' }),
      ...(parameters.sdkKey && { sdkKey: 'NobodysSdkKey000000001' }),
    }),
  },
  number_mismatch: { edit: (parameters) => ({ ...parameters, meetingNumber: OTHER_MEETING.number }) },
  passcode_key: {
    edit: ({ passWord, password, ...others }) => ({ ...others, ...(passWord === undefined ? { passWord: password } : { password: passWord }) }),
  },
  wrong_passcode: { edit: (parameters) => ({ ...parameters, ...('passWord' in parameters ? { passWord: '271828' } : { password: '271828' }) }) },
  http_500: { fault: { answer: { kind: 'json', status: 500, body: {} } } },
  too_many: { fault: { answer: { kind: 'json', status: 429, body: {} } } },
  not_jsonp: { fault: { answer: { kind: 'json', status: 200, body: {} } } },
  page_instead: { fault: { answer: { kind: 'html', status: 200 } } },
  portal: { fault: { answer: { kind: 'redirect', to: 'https://portal.example/login' }, headers: { date: 'real', via: '1.1 portal.example' } }, zoomAheadMs: 3 * HOUR_MS },
  cached: { fault: { headers: { age_s: 7200, via: '1.1 cache.example' } } },
  no_answer: { fault: { answer: { kind: 'hang' } } },
  connection_closed: { fault: { answer: { kind: 'close' } } },
  blocked: { abort: 'blockedbyclient' },
  name_not_resolved: { abort: 'namenotresolved' },
  policy: { policy: "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; connect-src 'self'" },
  no_wasm: { abort: 'namenotresolved', abortAt: /\.wasm$/ },
  offline: { abort: 'internetdisconnected' },
  zoom_behind: { zoomAheadMs: -10 * MINUTE_MS },
  zoom_ahead: { zoomAheadMs: 3 * HOUR_MS },
  external: { fault: wire(4012, 'Meeting of another account.') },
  unpublished: { fault: wire(200, 'This app is not published.') },
  registration: { fault: wire(3099, 'https://zoom.us/meeting/register/x') },
  too_old: { fault: wire(10000, 'Please update the SDK.') },
  no_such_meeting: { fault: wire(3001, 'Meeting does not exist.') },
  refused_locally: { edit: ({ sdkKey, ...parameters }) => ({ ...parameters, userName: '', zak: 'x', obfToken: 'y' }) },
};

const world = await startWorld();
const sim = new URL(world.zoom.plain.api_url).origin;

async function control(method, path, body) {
  const answer = await fetch(`${sim}/_sim/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} /_sim/${path} answered ${answer.status}: ${text}`);
  return text && JSON.parse(text);
}

async function parametersFor(sdk, view, { signedAt, edit = (parameters) => parameters }) {
  const request = { meeting_number: MEETING.number, user_name: 'Aiko Tanaka', passcode: MEETING.passcode, view, sdk_version: sdk.version };
  const parameters = signedAt ? await world.usher.signAsOf(signedAt(), request) : (await world.usher.mint(request)).join;
  return edit(parameters);
}

const isOfSite = ({ request }) => new URL(request.url).hostname === '127.0.0.1';
const IS_KEPT = /\/(client|component|js_media\.min\.js|zoom-meeting-[^/]*\.js|[^/]*\.wasm)$/;

/** A line an entry, and of the site's own files only some, without bodies. */
function slimmed({ log }) {
  log.entries = log.entries.filter((entry) => !isOfSite(entry) || IS_KEPT.test(entry.request.url));
  for (const entry of log.entries.filter(isOfSite)) {
    entry.request.headers = [];
    const { content } = entry.response;
    delete content.text, delete content._sha1, delete content.encoding;
  }
  const { entries, ...head } = log;
  const opening = JSON.stringify(head).slice(0, -1);
  return `{"log":${opening},"entries":[\n${entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n]}}\n`;
}

async function record(folder, name, situation, sdk, view) {
  for (const path of ['faults', 'clock', 'requests']) await control('DELETE', path);
  const parameters = await parametersFor(sdk, view, situation);
  if (situation.zoomAheadMs) await control('PUT', 'clock', { offset_ms: situation.zoomAheadMs });
  if (situation.fault) await control('POST', 'faults', { path: JOIN_CHECK, ...situation.fault });

  const file = `${name}.${sdk.version}.${view}.har`;
  const raw = join(world.folder, file);
  const context = await world.browser.newContext({ recordHar: { path: raw, content: 'embed', mode: 'full' } });
  const page = await context.newPage();
  if (situation.abort) await page.route(situation.abortAt ?? ((url) => url.pathname === JOIN_CHECK), (route) => route.abort(situation.abort));
  if (situation.policy) {
    await page.route(`${world.site.origin}/${sdk.version}/${view}`, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), 'content-security-policy': situation.policy } });
    });
  }
  await page.goto(`${world.site.origin}/${sdk.version}/${view}`);
  await page.evaluate((parameters) => window.join(parameters), parameters);
  const answered = await page.waitForFunction(() => window.answer, null, { timeout: ANSWER_LIMIT_MS }).catch(() => null);
  const told = answered && (await answered.jsonValue());
  await context.close();

  await writeFile(join(folder, file), slimmed(JSON.parse(await readFile(raw, 'utf8'))));
  const { requests } = await control('GET', `requests?path=${JOIN_CHECK}`);
  const claims = JSON.parse(Buffer.from(parameters.signature.split('.')[1], 'base64url'));
  return {
    file,
    situation: name,
    sdk_version: sdk.version,
    view,
    zoom_ahead_ms: situation.zoomAheadMs ?? 0,
    iat: claims.iat,
    seen: requests.map(({ method, at, status }) => ({ method, at, status })),
    told: told && { by: told.by, ...told.value },
  };
}

const [folder = FOLDER, ...wanted] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8').catch(() => '[]'));
try {
  for (const [name, situation] of Object.entries(SITUATIONS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    for (const sdk of SDKS) {
      for (const view of VIEWS) {
        const recorded = await record(folder, name, situation, sdk, view);
        console.log(JSON.stringify(recorded));
        const at = index.findIndex(({ file }) => file === recorded.file);
        at < 0 ? index.push(recorded) : (index[at] = recorded);
      }
    }
  }
  await writeFile(join(folder, 'index.json'), `[\n${index.map((recorded) => JSON.stringify(recorded)).join(',\n')}\n]\n`);
} finally {
  await world.stop();
}
