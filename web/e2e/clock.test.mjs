// Our clock is wrong, and joins pass all the same: Usher dates signatures by the clock of the Zoom that answers it.
//
// Without what two hosts say that TLS has proven, the same clocks end the join: so it is the witness that lets them pass.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { joinedAs, refusedAs } from './expectations.mjs';
import { SDKS, VIEWS } from './sdks.mjs';
import { startUsher } from './usher.mjs';
import { startWorld } from './world.mjs';
import { MEETING } from './zoom.mjs';

const MINUTE_MS = 60_000;
const KNOWN_LIMIT_MS = 20_000;
const LOOK_AGAIN_MS = 50;

const CLOCKS = [
  { what: 'ten minutes ahead', aheadMs: 10 * MINUTE_MS, code: 3712 },
  { what: 'three hours behind', aheadMs: -180 * MINUTE_MS, code: 3705 },
  { what: 'forty minutes behind, with the shortest lifetime', aheadMs: -40 * MINUTE_MS, expires_in_s: 1801, code: 3705 },
];

let world;
let witnessing;
before(async () => {
  world = await startWorld();
  const folder = join(world.folder, 'witnessing');
  await mkdir(folder);
  witnessing = world.keep(await startUsher(folder, await world.zoom.overTls(), world.site.origin));
});
after(() => world?.stop());

/** Both Ushers start anew: neither knows of another clock. */
async function setOurClock(aheadMs) {
  await world.zoom.forget();
  await world.zoom.setClock(-aheadMs);
  for (const usher of [world.usher, witnessing]) {
    await usher.stop();
    await usher.start();
  }
  const isKnown = async () => (await witnessing.witnesses()).clock.is_corroborated;
  const deadline = Date.now() + KNOWN_LIMIT_MS;
  while (!(await isKnown())) {
    assert.ok(Date.now() < deadline, `after ${KNOWN_LIMIT_MS} ms, two hosts do not agree`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

for (const { what, aheadMs, expires_in_s, code } of CLOCKS) {
  describe(`our clock is ${what}`, () => {
    before(() => setOurClock(aheadMs));

    for (const sdk of SDKS) {
      for (const view of VIEWS) {
        const request = {
          ...{ meeting_number: MEETING.number, user_name: 'Aiko Tanaka', passcode: MEETING.passcode },
          ...{ view, sdk_version: sdk.version, expires_in_s },
        };

        test(`Web SDK ${sdk.version}, ${view} view: the join passes with the witness`, async () => {
          const { join: parameters, clock, attempt } = await witnessing.mint(request);
          assert.deepEqual(await world.join(sdk, view, parameters), joinedAs(view));
          const [least, most] = clock.offset_ms;
          assert.ok(least <= aheadMs && aheadMs <= most, `${aheadMs} ms is not within ${clock.offset_ms}`);
          assert.equal((await witnessing.story(attempt)).attempt.signature.hmac, 'valid');
        });

        test(`Web SDK ${sdk.version}, ${view} view: it ends with ${code} without it`, async () => {
          const { join: parameters } = await world.usher.mint(request);
          assert.deepEqual(await world.join(sdk, view, parameters), refusedAs(view, code));
        });
      }
    }
  });
}
