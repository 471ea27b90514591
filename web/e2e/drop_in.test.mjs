// A page in the shape of Zoom's sample front ends joins through Usher's drop-in endpoint, without a key.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { joinedAs } from './expectations.mjs';
import { SDKS, VIEWS } from './sdks.mjs';
import { startWorld } from './world.mjs';
import { MEETING } from './zoom.mjs';

let world;
before(async () => (world = await startWorld()));
after(() => world?.stop());
beforeEach(() => world.zoom.forget());

for (const sdk of SDKS) {
  for (const view of VIEWS) {
    test(`a sample front end on Web SDK ${sdk.version}, ${view} view, joins with only its URL changed`, async () => {
      const page = {
        authEndpoint: `${world.usher.url}/compat/meetingsdk-auth`,
        meetingNumber: MEETING.number,
        role: 0,
        userName: 'Aiko Tanaka',
        passWord: MEETING.passcode,
      };
      assert.deepEqual(await world.join(sdk, view, page, 'joinLikeTheSample'), joinedAs(view));
      const [join, ...others] = await world.zoom.joins();
      assert.deepEqual(others, []);
      assert.deepEqual(join.failed, []);
      assert.ok(join.passed.includes('hmac'));
      assert.equal(join.fields.meetingNumber, MEETING.number);
    });
  }
}
