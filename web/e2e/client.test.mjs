// The browser client with the unmodified Web SDK, both views, old and new: every failing and silent path is reported as what it is.
// The joined path is that of a stand-in with the SDK's interface. The clock of the page is driven, not waited for.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { expectedOf, PATHS } from './client_paths.mjs';
import { startReports } from './client_reports.mjs';
import { SDKS, STAND_IN, VIEWS } from './sdks.mjs';
import { startWorld } from './world.mjs';
import { MEETING } from './zoom.mjs';

const NAME = 'Aiko Tanaka';
const SILENT_AFTER_MS = 60_000;
const BETWEEN_JOINS_MS = 10_500;
const PAGES_AT_ONCE = 3;
const SHOWN_LIMIT_MS = 20_000;

let world;
let reports;
let hosts = 0;
before(async () => {
  reports = await startReports();
  world = await startWorld();
});
after(async () => {
  await world?.stop();
  reports?.stop();
});

const mint = (sdk, view, wish = {}) =>
  world.usher.mint({ meeting_number: MEETING.number, user_name: NAME, passcode: MEETING.passcode, view, sdk_version: sdk.version, ...wish });

/** A page of its own, that has called `usher.join()`; every page has a Zoom host of its own, so that answers do not get mixed. */
async function withJoining(sdk, view, { join, answer, retryWith, hasRealClock }, look) {
  const webEndpoint = `web${++hosts}.zoom.us`;
  if (answer) await world.zoom.answerJoins(webEndpoint, answer);
  const minted = reports.answer(join);
  const context = await world.browser.newContext();
  try {
    const page = await context.newPage();
    if (!hasRealClock) await page.clock.install();
    await page.goto(`${world.site.origin}/${sdk.version}/${view}/usher`);
    const asked = page.waitForRequest((request) => request.url().includes('/wc/info'), { timeout: SHOWN_LIMIT_MS }).catch(() => null);
    const thrown = page.waitForEvent('pageerror', { timeout: SHOWN_LIMIT_MS }).catch(() => null);
    await page.evaluate((parameters) => window.joinWithUsher(parameters), { answer: minted, webEndpoint, retryWith });
    await reports.until(minted.attempt, 'called');
    await look({ page, context, attempt: minted.attempt, asked, thrown });
  } finally {
    await context.close();
  }
}

const inWords = ({ type, outcome = type, code, reason }) => `${outcome}${code ? ` ${code}` : ''}${reason ? `: ${reason}` : ''}`;
const typesOf = (events) => events.map(({ type }) => type);

/** What the SDK does before it leaves everybody waiting. */
async function untilNothingMoreComes(path, { page, asked }) {
  if (path.shown) return page.locator(path.shown).first().waitFor({ state: 'attached', timeout: SHOWN_LIMIT_MS });
  return path.answer && asked;
}

function assertNothingPrivate(attempt, join) {
  const sent = JSON.stringify(reports.bodies(attempt));
  for (const secret of [join.signature, MEETING.passcode, NAME].filter((text) => text?.length > 3)) {
    assert.ok(!sent.includes(secret), `the report holds ${secret}`);
  }
}

for (const sdk of SDKS) {
  for (const view of VIEWS) {
    describe(`Usher's browser client with Web SDK ${sdk.version}, ${view} view`, { concurrency: PAGES_AT_ONCE }, () => {
      for (const path of PATHS) {
        const expected = expectedOf(path, sdk, view);
        test(`${path.what} is reported as "${expected}"`, async () => {
          const join = await mint(sdk, view);
          path.edit?.(join);
          // The clock of the test swallows what is thrown from a timer.
          const hasRealClock = path.throws === view;
          await withJoining(sdk, view, { join, answer: path.answer, hasRealClock }, async (joining) => {
            const { page, attempt, thrown } = joining;
            const [outcome] = expected.split(/[ :]/);
            if (outcome === 'gave_up') {
              await thrown;
              await page.goto('about:blank');
            } else if (outcome !== 'failed') {
              await untilNothingMoreComes(path, joining);
              await page.clock.fastForward(SILENT_AFTER_MS);
            }
            const events = await reports.until(attempt, outcome);
            assert.deepEqual(typesOf(events), ['loaded', 'called', outcome]);
            assert.equal(inWords(events[2]), expected);
            if (outcome === 'gave_up') return;
            const said = await (await page.waitForFunction(() => window.said)).jsonValue();
            assert.equal(inWords(said), expected);
            assert.equal(said.attempt, attempt);
            // The page's own callback hears what the SDK says, and nothing where it says nothing.
            const heard = await page.evaluate(() => window.heard.map(({ by }) => by));
            assert.deepEqual(heard, outcome === 'failed' ? ['error'] : []);
            const { client } = reports.bodies(attempt)[0];
            assert.deepEqual([client.sdk_version, client.view, client.release], [sdk.version, view, 'e2e']);
            assertNothingPrivate(attempt, join);
          });
        });
      }

      const retried = view === 'component' ? 'is tried once more, ten seconds later, as an attempt of its own' : 'is not tried again: this view joins once a page';
      test(`an invalid signature ${retried}`, async () => {
        const stale = await mint(sdk, view, { app: 'with a wrong secret' });
        const retryWith = reports.answer(await mint(sdk, view));
        await withJoining(sdk, view, { join: stale, retryWith }, async ({ page, attempt }) => {
          assert.equal(inWords((await reports.until(attempt, 'failed'))[2]), 'failed 3712: Signature is invalid.');
          assert.deepEqual(reports.events(retryWith.attempt), []);
          if (view === 'component') {
            assert.deepEqual(await page.evaluate(() => window.heard), []); // it is not the end yet
            await page.clock.fastForward(BETWEEN_JOINS_MS);
            await reports.until(retryWith.attempt, 'failed');
          }
          const said = await (await page.waitForFunction(() => window.said)).jsonValue();
          const heard = await page.evaluate(() => window.heard.map(({ by, value }) => [by, value?.errorCode]));
          if (view === 'component') {
            assert.equal(inWords(said), 'failed 3008: Meeting has not started');
            assert.equal(said.attempt, retryWith.attempt);
            assert.deepEqual(heard, [['retry', undefined], ['error', 3008]]);
          } else {
            assert.equal(inWords(said), 'failed 3712: Signature is invalid.');
            assert.deepEqual(heard, [['error', 3712]]);
          }
        });
      });

      test('leaving the page before an answer is reported as given up', async () => {
        await withJoining(sdk, view, { join: await mint(sdk, view), answer: { kind: 'hang' } }, async ({ page, attempt, asked }) => {
          await asked;
          await page.goto('about:blank');
          assert.deepEqual(typesOf(await reports.until(attempt, 'gave_up')), ['loaded', 'called', 'gave_up']);
        });
      });
    });
  }
}

for (const view of VIEWS) {
  const parameters = (userName = NAME) => ({ customerKey: `${view}-${userName.length}-${++hosts}`, userName, signature: 'not-a-signature' });

  describe(`Usher's browser client with a stand-in that lets everybody in, ${view} view`, () => {
    test('joining is reported once, and tells the page', async () => {
      await withJoining(STAND_IN, view, { join: parameters() }, async ({ page, attempt }) => {
        const events = await reports.until(attempt, 'joined');
        assert.deepEqual(typesOf(events), ['loaded', 'called', 'joined']);
        assert.equal(await page.evaluate(() => window.said.outcome), 'joined');
        assert.deepEqual(await page.evaluate(() => window.heard.map(({ by }) => by)), ['success']);
        await page.goto('about:blank');
        assert.deepEqual(typesOf(reports.events(attempt)), ['loaded', 'called', 'joined']);
      });
    });

    test('the waiting room is reported, and the admission after it', async () => {
      await withJoining(STAND_IN, view, { join: parameters('Waits') }, async ({ page, attempt }) => {
        await reports.until(attempt, 'waiting');
        assert.equal(await page.evaluate(() => window.said.outcome), 'waiting');
        await page.evaluate(() => window.admit());
        const events = await reports.until(attempt, 'joined');
        assert.deepEqual(events.map(inWords), ['loaded', 'called', 'waiting: in waiting room', 'joined']);
      });
    });

    test('what happens offline is reported when the browser is online again', async () => {
      await withJoining(STAND_IN, view, { join: parameters('Waits') }, async ({ page, context, attempt }) => {
        await reports.until(attempt, 'waiting');
        await context.setOffline(true);
        await page.evaluate(() => window.admit());
        await page.waitForFunction(() => sessionStorage.getItem('usher.outbox')?.includes('"joined"'));
        assert.ok(!typesOf(reports.events(attempt)).includes('joined'));
        await context.setOffline(false);
        await reports.until(attempt, 'joined');
        await page.waitForFunction(() => sessionStorage.getItem('usher.outbox') === null);
      });
    });

    test("the browser's clock is compared with the server's, and later reports say the difference", async () => {
      await withJoining(STAND_IN, view, { join: parameters('Waits') }, async ({ page, attempt }) => {
        await reports.until(attempt, 'waiting');
        // The clock that was measured is the one before: its answer is here when nothing waits to be sent.
        await page.waitForFunction(() => sessionStorage.getItem('usher.outbox') === null);
        await page.clock.setSystemTime(Date.now() + 3_600_000);
        await page.evaluate(() => window.admit());
        await reports.until(attempt, 'joined');
        const offsets = reports.bodies(attempt).map(({ client }) => client.clock_offset_ms);
        assert.equal(offsets[0], undefined);
        assert.ok(Math.abs(offsets.at(-1)) < 10_000, `measured ${offsets.at(-1)} ms`);
        const { sent_at: sentAt } = reports.bodies(attempt).at(-1);
        assert.ok(Math.abs(Date.parse(sentAt) - Date.now() - 3_600_000) < 30_000, `sent at ${sentAt}`);
      });
    });
  });
}
