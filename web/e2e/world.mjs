// Everything that an end-to-end test needs, running: the simulator, Usher, the customer's site, Chromium.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBrowser } from './browser.mjs';
import { startSite } from './site.mjs';
import { startUsher } from './usher.mjs';
import { startZoom } from './zoom.mjs';

const ANSWER_LIMIT_MS = 30_000;

export async function startWorld() {
  const started = [];
  const keep = (running) => {
    started.unshift(running);
    return running;
  };
  // The last first, and all of them: one that ends badly must not keep the others running.
  const stop = async () => {
    const errors = [];
    for (const running of started) await Promise.resolve(running.stop()).catch((error) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  };
  const folder = await mkdtemp(join(tmpdir(), 'usher-e2e-'));
  keep({ stop: () => rm(folder, { recursive: true }) });
  try {
    const site = keep(await startSite());
    const zoom = keep(await startZoom(folder));
    const usher = keep(await startUsher(folder, zoom.plain, site.origin));
    const browser = await startBrowser(zoom.tlsAddress);
    keep({ stop: () => browser.close() });
    return { folder, zoom, usher, site, browser, keep, stop, join: (...wish) => joinInFreshPage(browser, site, ...wish) };
  } catch (error) {
    await stop().catch(() => {}); // why it did not start says more
    throw error;
  }
}

/** Joins in a page with nothing left over from another; what the SDK answers, or what it shows where it does not answer. */
async function joinInFreshPage(browser, site, sdk, view, parameters, how = 'join') {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${site.origin}/${sdk.version}/${view}`);
    await page.evaluate(([how, parameters]) => window[how](parameters), [how, parameters]);
    const answer = await page.waitForFunction(answerOrNotice, null, { timeout: ANSWER_LIMIT_MS }).catch(async (error) => {
      throw new Error(`the SDK neither answers nor says anything known; the page shows: ${await page.innerText('body')}`, { cause: error });
    });
    return await answer.jsonValue();
  } finally {
    await context.close();
  }
}

/** Runs in the page. Client View shows a waiting page for a meeting that has not started, and calls nobody back. */
function answerOrNotice() {
  const NOTICE = 'Meeting has not started';
  if (window.answer) return window.answer;
  return document.body.innerText.includes(NOTICE) && { by: 'page', value: NOTICE };
}
