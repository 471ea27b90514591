// The browser client with the unmodified Web SDK, both views, old and new, reports to Usher: every failing and silent path is in the
// journal as what it is. The clock of the page is driven, not waited for.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { expectedOf, faultOf, OUTCOMES, PATHS } from './client_paths.mjs';
import { assertSeenFrom, assertTold, inWords, mint, NAME, withJoining } from './joining.mjs';
import { SDKS, VIEWS } from './sdks.mjs';
import { startWorld } from './world.mjs';
import { MEETING } from './zoom.mjs';

const SILENT_AFTER_MS = 60_000;
const BETWEEN_JOINS_MS = 10_500;
const PAGES_AT_ONCE = 3;
const SHOWN_LIMIT_MS = 20_000;

let world;
before(async () => (world = await startWorld()));
after(() => world?.stop());

/** What the SDK does before it leaves everybody waiting. */
async function untilNothingMoreComes(path, { page, asked }) {
  if (path.shown) return page.locator(path.shown).first().waitFor({ state: 'attached', timeout: SHOWN_LIMIT_MS });
  return path.zoomAnswer && asked;
}

function assertNothingPrivate(sent, join) {
  assert.ok(sent.length > 0);
  for (const secret of [join.signature, MEETING.passcode, NAME].filter((text) => text?.length > 3)) {
    assert.ok(!sent.join().includes(secret), `the report holds ${secret}`);
  }
}

for (const sdk of SDKS) {
  for (const view of VIEWS) {
    describe(`Usher's browser client with Web SDK ${sdk.version}, ${view} view`, { concurrency: PAGES_AT_ONCE }, () => {
      for (const path of PATHS) {
        const expected = expectedOf(path, sdk, view);
        test(`${path.what} is in the journal as "${expected}"`, async () => {
          const answer = await mint(world, sdk, view);
          path.edit?.(answer.join);
          // The clock of the test swallows what is thrown from a timer.
          const hasRealClock = path.throws === view;
          await withJoining(world, sdk, view, { answer, zoomAnswer: path.zoomAnswer, hasRealClock }, async (joining) => {
            const { page, thrown, sent } = joining;
            const [last] = expected.split(/[ :]/);
            if (last === 'gave_up') {
              await thrown;
              await page.goto('about:blank');
            } else if (last !== 'failed') {
              await world.usher.storyWith('called', answer.attempt);
              await untilNothingMoreComes(path, joining);
              await page.clock.fastForward(SILENT_AFTER_MS);
            }
            const story = await world.usher.storyWith(last, answer.attempt);
            assertTold(story, ['loaded', 'called', last]);
            assert.equal(inWords(story.events.at(-1)), expected);
            assert.equal(story.attempt.outcome, OUTCOMES[last]);
            assertSeenFrom(story, world, sdk, view);
            const { failure } = story.attempt;
            assert.equal(failure && `${failure.class}, ${failure.party}`, faultOf(expected));
            if (last === 'gave_up') return;
            const said = await (await page.waitForFunction(() => window.said)).jsonValue();
            assert.equal(inWords(said), expected);
            assert.equal(said.attempt, answer.attempt);
            // The page's own callback hears what the SDK says, and nothing where it says nothing.
            const heard = await page.evaluate(() => window.heard.map(({ by }) => by));
            assert.deepEqual(heard, last === 'failed' ? ['error'] : []);
            assertNothingPrivate(sent, answer.join);
          });
        });
      }

      const retried = view === 'component' ? 'is tried once more, ten seconds later, as an attempt of its own' : 'is not tried again: this view joins once a page';
      test(`an invalid signature ${retried}`, async () => {
        const answer = await mint(world, sdk, view, { app: 'with a wrong secret' });
        const retryWith = await mint(world, sdk, view);
        await withJoining(world, sdk, view, { answer, retryWith }, async ({ page }) => {
          const story = await world.usher.storyWith('failed', answer.attempt);
          assert.equal(inWords(story.events.at(-1)), 'failed 3712: Signature is invalid.');
          assertTold(await world.usher.story(retryWith.attempt), []);
          if (view === 'component') {
            assert.deepEqual(await page.evaluate(() => window.heard), []); // it is not the end yet
            await page.clock.fastForward(BETWEEN_JOINS_MS);
            await world.usher.storyWith('failed', retryWith.attempt);
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

      test('leaving the page before an answer is in the journal as given up', async () => {
        const answer = await mint(world, sdk, view);
        await withJoining(world, sdk, view, { answer, zoomAnswer: { kind: 'hang' } }, async ({ page, asked }) => {
          await asked;
          await page.goto('about:blank');
          assertTold(await world.usher.storyWith('gave_up', answer.attempt), ['loaded', 'called', 'gave_up']);
        });
      });
    });
  }
}
