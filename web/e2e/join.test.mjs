// The unmodified Web SDK, both views, old and new, joins with parameters that a running Usher minted, against the simulator.
//
// A refusal is shown to rest on its check: the same parameters, with that check of the simulator off, are no longer refused.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { joinedAs, refusedAs, seenAs } from './expectations.mjs';
import { SDKS, VIEWS } from './sdks.mjs';
import { startWorld } from './world.mjs';
import { MEETING, OTHER_MEETING } from './zoom.mjs';

const THREE_HOURS_MS = 3 * 60 * 60 * 1000;

let world;
before(async () => (world = await startWorld()));
after(() => world?.stop());
beforeEach(() => world.zoom.forget());

/** The object for `join()`. */
const mint = async (wish) => (await world.usher.mint(wish)).join;

/** What to ask Usher for; `usher` takes it as it is. */
const request = (sdk, view) => ({
  meeting_number: MEETING.number,
  user_name: 'Aiko Tanaka',
  passcode: MEETING.passcode,
  view,
  sdk_version: sdk.version,
});

const REFUSALS = [
  {
    what: 'a signature made with a wrong secret',
    check: 'hmac',
    code: 3712,
    parameters: (sdk, view) => mint({ ...request(sdk, view), app: 'with a wrong secret' }),
  },
  {
    what: 'a signature that has expired',
    check: 'not_expired',
    code: 3705,
    parameters: (sdk, view) => world.usher.signAsOf(new Date(Date.now() - THREE_HOURS_MS), request(sdk, view)),
  },
  {
    what: 'a number other than the one in the signature',
    check: 'meeting_number',
    code: 3706,
    parameters: async (sdk, view) => ({
      ...(await mint(request(sdk, view))),
      meetingNumber: OTHER_MEETING.number,
    }),
  },
];

for (const sdk of SDKS) {
  for (const view of VIEWS) {
    describe(`Web SDK ${sdk.version}, ${view} view`, () => {
      test('an attendee passes every check and is told that the meeting has not started', async () => {
        const parameters = await mint(request(sdk, view));
        assert.deepEqual(await world.join(sdk, view, parameters), joinedAs(view));
        assert.deepEqual(await world.zoom.joins(), [seenAs(sdk, view, parameters)]);
      });

      test('a host passes every check with the ZAK that Usher fetched, in the field that this version uses', async () => {
        const parameters = await mint({ ...request(sdk, view), role: 'host' });
        assert.ok(parameters.zak);
        assert.deepEqual(await world.join(sdk, view, parameters), joinedAs(view));
        assert.deepEqual(await world.zoom.joins(), [seenAs(sdk, view, parameters)]);
      });

      test('a signed-in attendee passes every check with a ZAK, in the field that this version uses', async () => {
        const { zak } = await mint({ ...request(sdk, view), role: 'host' });
        const parameters = await mint({ ...request(sdk, view), zak });
        assert.deepEqual(await world.join(sdk, view, parameters), joinedAs(view));
        assert.deepEqual(await world.zoom.joins(), [seenAs(sdk, view, parameters)]);
      });

      for (const { what, check, code, parameters } of REFUSALS) {
        test(`${what} is refused with ${code}, and only while the simulator checks it`, async () => {
          const refused = await parameters(sdk, view);
          assert.deepEqual(await world.join(sdk, view, refused), refusedAs(view, code));
          await world.zoom.switchOff(check);
          assert.deepEqual(await world.join(sdk, view, refused), joinedAs(view));
        });
      }
    });
  }
}
