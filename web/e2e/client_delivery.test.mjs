// How the browser client's reports get to Usher, whatever happens on the way. A stand-in with the SDK's interface lets everybody in.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { assertSeenFrom, assertTold, inWords, mint, withJoining } from './joining.mjs';
import { STAND_IN, VIEWS } from './sdks.mjs';
import { startWorld } from './world.mjs';

const COMMITTED = new URL('../../crates/usher/assets/client/usher.js', import.meta.url);
const HOUR_MS = 3_600_000;
/** Between the page's act and Usher's receipt, on a busy machine. */
const ON_THE_WAY_MS = 10_000;

let world;
before(async () => (world = await startWorld()));
after(() => world?.stop());

/** Held in the waiting room until the page's `admit()`. */
const WAITING = { user_name: 'Waits' };

const isDelivered = (page) => page.waitForFunction(() => sessionStorage.getItem('usher.outbox') === null);
const isKept = (page, type) => page.waitForFunction((type) => sessionStorage.getItem('usher.outbox')?.includes(`"${type}"`), type);

/** The answer to a report that the page sends after this call. */
const nextReceipt = (page, { report }) =>
  page.waitForResponse((response) => response.url() === report.url && response.request().method() === 'POST');

async function joins(view, wish, options, look) {
  const answer = await mint(world, STAND_IN, view, wish);
  await withJoining(world, STAND_IN, view, { answer, ...options }, (joining) => look({ ...joining, answer }));
}

test('Usher serves the browser client that is committed', async () => {
  const { report } = await mint(world, STAND_IN, 'client');
  const served = await (await fetch(report.client)).text();
  assert.ok(served === readFileSync(COMMITTED, 'utf8'), 'the binary holds another one: cargo build');
});

for (const view of VIEWS) {
  describe(`A page that a stand-in for the SDK lets in, ${view} view`, () => {
    test('is in the journal as joined, once, and is told so', async () => {
      await joins(view, {}, {}, async ({ page, answer }) => {
        await world.usher.storyWith('joined', answer.attempt);
        await isDelivered(page);
        assert.equal(await page.evaluate(() => window.said.outcome), 'joined');
        assert.deepEqual(await page.evaluate(() => window.heard.map(({ by }) => by)), ['success']);
        await page.goto('about:blank');
        const story = await world.usher.story(answer.attempt);
        assertTold(story, ['loaded', 'called', 'joined']);
        assertSeenFrom(story, world, STAND_IN, view);
        assert.deepEqual([story.attempt.outcome, story.attempt.confirmation], ['joined', 'browser_alone']);
      });
    });

    test('is in the journal as waiting, and as joined after its admission', async () => {
      await joins(view, WAITING, {}, async ({ page, answer }) => {
        const { attempt } = await world.usher.storyWith('waiting', answer.attempt);
        assert.equal(attempt.outcome, 'waiting');
        assert.equal(await page.evaluate(() => window.said.outcome), 'waiting');
        await page.evaluate(() => window.admit());
        const story = await world.usher.storyWith('joined', answer.attempt);
        assertTold(story, ['loaded', 'called', 'waiting', 'joined']);
        assert.equal(inWords(story.events[3]), 'waiting: in waiting room');
        assert.equal(story.attempt.outcome, 'joined');
      });
    });

    for (const [aheadMs, what] of [[HOUR_MS, 'fast'], [-HOUR_MS, 'slow']]) {
      test(`is put right where the browser's clock is an hour ${what}`, async () => {
        const startedAt = Date.now();
        await joins(view, WAITING, { aheadMs }, async ({ page, answer }) => {
          await world.usher.storyWith('waiting', answer.attempt);
          await isDelivered(page); // the answer to it says what time it is
          await page.evaluate(() => window.admit());
          const story = await world.usher.storyWith('joined', answer.attempt);
          assertTold(story, ['loaded', 'called', 'waiting', 'joined']);
          for (const { type, at, claimed_at: claimedAt } of story.events.slice(1)) {
            assert.ok(Date.parse(at) >= startedAt && Date.parse(at) <= Date.now(), `${type} at ${at}`);
            assert.ok(Math.abs(Date.parse(claimedAt) - Date.parse(at) - aheadMs) < ON_THE_WAY_MS, `${type} at ${at}, claimed ${claimedAt}`);
          }
          const { clock_offset_ms: offsetMs } = story.events.at(-1).client;
          assert.ok(Math.abs(offsetMs - aheadMs) < ON_THE_WAY_MS, `measured ${offsetMs} ms`);
        });
      });
    }
  });
}

describe('A report', () => {
  test('of a page that is closed arrives by beacon', async () => {
    await joins('client', WAITING, {}, async ({ page, answer }) => {
      await world.usher.storyWith('waiting', answer.attempt);
      await isDelivered(page);
      await page.close({ runBeforeUnload: true });
      const story = await world.usher.storyWith('gave_up', answer.attempt);
      assertTold(story, ['loaded', 'called', 'waiting', 'gave_up']);
    });
  });

  test('that the next page of the tab sends again counts once', async () => {
    await joins('component', WAITING, {}, async ({ page, answer }) => {
      await world.usher.storyWith('waiting', answer.attempt);
      await isDelivered(page);
      await page.reload();
      await world.usher.storyWith('gave_up', answer.attempt);
      const receipt = nextReceipt(page, answer);
      await page.evaluate((answer) => window.loadUsher(answer), answer);
      const { accepted, duplicates } = await (await receipt).json();
      assert.deepEqual([accepted, duplicates], [0, 1]);
      assertTold(await world.usher.story(answer.attempt), ['loaded', 'called', 'waiting', 'gave_up']);
    });
  });

  test('of what happens offline arrives when the browser is online again', async () => {
    await joins('client', WAITING, {}, async ({ page, context, answer }) => {
      await world.usher.storyWith('waiting', answer.attempt);
      await context.setOffline(true);
      await page.evaluate(() => window.admit());
      await isKept(page, 'joined');
      await context.setOffline(false);
      assertTold(await world.usher.storyWith('joined', answer.attempt), ['loaded', 'called', 'waiting', 'joined']);
      await isDelivered(page);
    });
  });

  test('of what happens while Usher is away arrives when it is back, once, with the time when it happened', async () => {
    await joins('client', WAITING, { hasRealClock: true }, async ({ page, answer, exceptions }) => {
      await world.usher.storyWith('waiting', answer.attempt);
      await isDelivered(page);
      await world.usher.stop();
      const refused = page.waitForEvent('requestfailed', (request) => request.url() === answer.report.url);
      const admittedAt = Date.now();
      await page.evaluate(() => window.admit());
      await refused;
      await isKept(page, 'joined');
      const toldAt = Date.now();
      await world.usher.start();
      const startedAt = Date.now();
      const story = await world.usher.storyWith('joined', answer.attempt);
      assertTold(story, ['loaded', 'called', 'waiting', 'joined']);
      const { at, received_at: receivedAt } = story.events.at(-1);
      assert.ok(Date.parse(receivedAt) >= startedAt - ON_THE_WAY_MS && Date.parse(receivedAt) > toldAt, `received at ${receivedAt}`);
      assert.ok(Date.parse(at) >= admittedAt && Date.parse(at) < Date.parse(receivedAt), `at ${at}, received at ${receivedAt}`);
      await isDelivered(page);
      assert.deepEqual(exceptions, []);
    });
  });

  test("with another attempt's token is refused, and the page joins as if nothing were", async () => {
    const [answer, other] = await Promise.all([mint(world, STAND_IN, 'client'), mint(world, STAND_IN, 'client')]);
    const wrong = { ...answer, report: { ...answer.report, token: other.report.token } };
    await withJoining(world, STAND_IN, 'client', { answer: wrong }, async ({ page, receipts, exceptions }) => {
      await page.waitForFunction(() => window.said);
      await isDelivered(page); // it is dropped: it will never be taken
      assert.ok(receipts.length > 0 && receipts.every((status) => status === 401), `answered ${receipts}`);
      assert.equal(await page.evaluate(() => window.said.outcome), 'joined');
      assert.deepEqual(exceptions, []);
      for (const { attempt } of [answer, other]) assertTold(await world.usher.story(attempt), []);
    });
  });
});
