// Pages that join through the browser client, as Usher serves it, and report to Usher itself.
import assert from 'node:assert/strict';
import { MEETING } from './zoom.mjs';

export const NAME = 'Aiko Tanaka';
export const RELEASE = 'e2e';
const SHOWN_LIMIT_MS = 20_000;

let hosts = 0;

export const mint = (world, sdk, view, wish = {}) =>
  world.usher.mint({ meeting_number: MEETING.number, user_name: NAME, passcode: MEETING.passcode, view, sdk_version: sdk.minted ?? sdk.version, ...wish });

/**
 * Looks at a page of its own that has called `usher.join()` with this answer. Every page has a Zoom host of its own, which may give
 * `zoomAnswer`, so that answers do not get mixed. The page's clock is driven, and may be ahead of the true one, unless it `hasRealClock`.
 */
export async function withJoining(world, sdk, view, { answer, zoomAnswer, retryWith, hasRealClock, aheadMs = 0 }, look) {
  const webEndpoint = `web${++hosts}.zoom.us`;
  if (zoomAnswer) await world.zoom.answerJoins(webEndpoint, zoomAnswer);
  const context = await world.browser.newContext();
  try {
    const page = await context.newPage();
    const [sent, receipts, exceptions] = [[], [], []];
    const isReport = (request) => request.method() === 'POST' && request.url() === answer.report.url;
    page.on('request', (request) => isReport(request) && sent.push(request.postData()));
    page.on('response', (response) => isReport(response.request()) && receipts.push(response.status()));
    page.on('pageerror', (error) => exceptions.push(error));
    if (!hasRealClock) await page.clock.install({ time: Date.now() + aheadMs });
    await page.goto(`${world.site.origin}/${sdk.version}/${view}/usher`);
    const asked = page.waitForRequest((request) => request.url().includes('/wc/info'), { timeout: SHOWN_LIMIT_MS }).catch(() => null);
    const thrown = page.waitForEvent('pageerror', { timeout: SHOWN_LIMIT_MS }).catch(() => null);
    await page.evaluate((parameters) => window.joinWithUsher(parameters), { answer, webEndpoint, retryWith });
    await look({ page, context, asked, thrown, sent, receipts, exceptions });
  } finally {
    await context.close();
  }
}

export const inWords = ({ type, outcome = type, code, reason }) => `${outcome}${code ? ` ${code}` : ''}${reason ? `: ${reason}` : ''}`;

/** The story holds the mint and then these, told by the browser, in this order, and each once. */
export function assertTold({ events }, types) {
  assert.deepEqual(events.map(({ source, type }) => `${source} ${type}`), ['mint minted', ...types.map((type) => `browser ${type}`)]);
}

/** Where and with what the page joined, as far as only the page knows. */
export function assertSeenFrom({ attempt: { dims } }, world, sdk, view) {
  const browser = `Chrome ${world.browser.version().split('.')[0]}`;
  const seen = Object.fromEntries(['sdk_version', 'view', 'browser', 'os', 'release', 'network'].map((name) => [name, dims[name]]));
  assert.deepEqual(seen, { sdk_version: sdk.version, view, browser, os: 'Linux', release: RELEASE, network: '127.0.0.0/24' });
}
