// What `usher.join()` tells the page and Usher.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { clientView, componentView, freezeClock, joinAnswer, openPage, passes, settled, START } from './page.mjs';

const plain = (value) => JSON.parse(JSON.stringify(value));
const refusal = (errorCode, reason) => () => Promise.reject({ type: 'JOIN_MEETING_FAILED', reason, errorCode });
const INVALID = { method: 'join', status: false, result: 'Invalid signature.', errorCode: 3712, errorMessage: 'Signature is invalid.' };

beforeEach(freezeClock);

describe('the SDK is called', () => {
  test('with exactly the parameters of the answer, and callbacks of its own in Client View', async () => {
    const [page, sdk, answer] = [openPage(), clientView(), joinAnswer({ passWord: 'x' })];
    void page.usher.join(sdk, answer);
    const { success, error, ...parameters } = sdk.calls[0];
    assert.deepEqual(plain(parameters), answer.join);
    assert.deepEqual([typeof success, typeof error], ['function', 'function']);
  });

  test('at once, whether Usher can be reached or not', () => {
    const [page, sdk] = [openPage({ hasFetch: false, forbidsStorage: true }), clientView()];
    void page.usher.join(sdk, joinAnswer());
    assert.equal(sdk.calls.length, 1);
  });

  test('also where the answer asks for no reports', async () => {
    const [page, sdk] = [openPage(), clientView()];
    const { report: _, ...answer } = joinAnswer();
    const result = page.usher.join(sdk, answer);
    sdk.calls[0].success({});
    assert.equal((await result).outcome, 'joined');
    await settled();
    assert.deepEqual(page.posts, []);
  });
});

describe('an answer of the SDK', () => {
  test('resolves, goes to the callback of the page as it is, and is reported once', async () => {
    const [page, sdk, answer, heard] = [openPage(), clientView(), joinAnswer(), []];
    const result = page.usher.join(sdk, answer, { error: (value) => heard.push(value) });
    sdk.tell('onMeetingStatus', { meetingStatus: 3, errorCode: 3712, errorMessage: 'Signature is invalid.' });
    sdk.calls[0].error(INVALID);
    const { outcome, code, reason, value } = await result;
    assert.deepEqual([outcome, code, reason], ['failed', '3712', 'Signature is invalid.']);
    assert.equal(value, INVALID);
    assert.deepEqual(heard, [INVALID]);
    await passes(60_000);
    assert.deepEqual(page.types(), ['loaded', 'called', 'failed']);
    assert.deepEqual(page.events()[2].raw, INVALID);
  });

  test('is not needed where a listener hears of the failure and nothing follows', async () => {
    const [page, sdk] = [openPage(), clientView()];
    const result = page.usher.join(sdk, joinAnswer());
    sdk.tell('onMeetingStatus', { meetingStatus: 3, detail: { errorCode: 4008 } });
    await passes(1_000);
    assert.deepEqual(plain(await result).code, '4008');
  });

  test('that comes twice, or contradicts a failure, leaves the person joined', async () => {
    const [page, sdk] = [openPage(), clientView()];
    void page.usher.join(sdk, joinAnswer());
    sdk.calls[0].error(INVALID);
    sdk.calls[0].success({});
    sdk.calls[0].success({});
    sdk.calls[0].error(INVALID);
    await settled();
    assert.deepEqual(page.types(), ['loaded', 'called', 'failed', 'joined']);
  });

  test('is an exception that join() throws', async () => {
    const page = openPage();
    const sdk = { ...clientView(), join: () => undefined.toString() };
    const result = await page.usher.join(sdk, joinAnswer());
    assert.match(result.reason, /^TypeError: /);
    assert.equal(result.outcome, 'failed');
  });

  test('of Component View may be a value that says it failed', async () => {
    const sdk = componentView(async () => ({ type: 'INVALID_OPERATION', reason: 'Duplicated join operation' }));
    assert.equal((await openPage().usher.join(sdk, joinAnswer())).outcome, 'failed');
  });
});

describe('no answer of the SDK', () => {
  test('is silence after 60 s, and a later answer is still reported and passed on', async () => {
    const [page, sdk, heard] = [openPage(), clientView(), []];
    const result = page.usher.join(sdk, joinAnswer(), { success: () => heard.push('success') });
    await passes(59_999);
    assert.deepEqual(page.types(), ['loaded', 'called']);
    await passes(1);
    assert.equal((await result).outcome, 'silent');
    sdk.calls[0].success({});
    await settled();
    assert.deepEqual(page.types(), ['loaded', 'called', 'silent', 'joined']);
    assert.deepEqual(heard, ['success']);
  });

  test('is reported with the first error that nobody caught', async () => {
    const [page, sdk] = [openPage(), clientView()];
    const result = page.usher.join(sdk, joinAnswer(), { silentAfterMs: 500 });
    page.happens('unhandledrejection', { reason: new TypeError('no number') });
    page.happens('error', { error: new Error('later') });
    await passes(500);
    assert.equal((await result).reason, 'uncaught TypeError: no number');
  });

  test('is waiting where the SDK shows its waiting page or says that one is in the waiting room', async () => {
    const [page, sdk] = [openPage(), clientView()];
    const result = page.usher.join(sdk, joinAnswer());
    page.shown = '#zmmtg-root .waiting-pannel';
    await passes(60_000);
    assert.deepEqual(plain(await result).outcome, 'waiting');

    const [second, other] = [openPage(), clientView()];
    const held = second.usher.join(other, joinAnswer());
    other.tell('onUserIsInWaitingRoom', {});
    assert.equal((await held).outcome, 'waiting');
  });

  test('is given up when the page is left, once, by beacon with the token inside', async () => {
    const [page, sdk, answer] = [openPage(), clientView(), joinAnswer()];
    void page.usher.join(sdk, answer);
    await settled();
    page.happens('pagehide');
    page.happens('pagehide');
    assert.deepEqual(page.types(), ['loaded', 'called', 'gave_up']);
    assert.equal(page.beacons[0].token, answer.report.token);
    assert.equal(page.beacons[0].url, answer.report.url);
  });

  test('is not given up after an answer', async () => {
    const [page, sdk] = [openPage(), clientView()];
    void page.usher.join(sdk, joinAnswer());
    sdk.calls[0].success({});
    await settled();
    page.happens('pagehide');
    assert.deepEqual(page.types(), ['loaded', 'called', 'joined']);
  });
});

describe('a retry', () => {
  test('joins once more with fresh parameters, ten seconds after the first call, as an attempt of its own', async () => {
    const sdk = componentView(refusal(3705, 'The signature has expired.'), async () => '');
    const [page, fresh, heard] = [openPage(), joinAnswer(), []];
    const result = page.usher.join(sdk, joinAnswer(), { retry: async () => fresh, error: (error) => heard.push(error) });
    await settled();
    await passes(10_000);
    assert.equal(sdk.calls.length, 1);
    await passes(500);
    assert.deepEqual(plain(await result), { outcome: 'joined', attempt: fresh.attempt });
    assert.equal(sdk.calls[1].at, START + 10_500);
    assert.deepEqual(heard, []);
    await settled();
    assert.deepEqual(page.types(), ['loaded', 'called', 'failed', 'loaded', 'called', 'joined']);
    assert.equal(page.posts.at(-1).headers.authorization, `Bearer ${fresh.report.token}`);
  });

  test('is made once at most', async () => {
    const sdk = componentView(refusal(3712, 'Signature is invalid.'), refusal(3712, 'Signature is invalid.'));
    let asked = 0;
    const result = openPage().usher.join(sdk, joinAnswer(), { retry: async () => ((asked += 1), joinAnswer()) });
    await settled();
    await passes(60_000);
    assert.equal((await result).outcome, 'failed');
    assert.deepEqual([asked, sdk.calls.length], [1, 2]);
  });

  for (const [code, reason] of [[3004, 'Meeting Passcode wrong.'], [200, 'Fail to join the meeting.'], [3610, 'Token has expired.']]) {
    test(`is not made for ${code}, ${reason}`, async () => {
      const sdk = componentView(refusal(code, reason));
      const result = await openPage().usher.join(sdk, joinAnswer(), { retry: () => assert.fail('asked') });
      assert.equal(result.code, String(code));
    });
  }

  test('without fresh parameters leaves the first failure, and the page hears of it then', async () => {
    const heard = [];
    const options = { retry: () => Promise.reject(new Error('500')), error: ({ errorCode }) => heard.push(errorCode) };
    const result = openPage().usher.join(componentView(refusal(200, 'Token error')), joinAnswer(), options);
    await settled();
    assert.deepEqual(heard, []);
    await passes(10_500);
    assert.equal((await result).reason, 'Token error');
    assert.deepEqual(heard, [200]);
  });

  test('is not made in Client View, which joins once a page', async () => {
    const sdk = clientView();
    const result = openPage().usher.join(sdk, joinAnswer(), { retry: () => assert.fail('asked') });
    sdk.calls[0].error(INVALID);
    assert.equal((await result).code, '3712');
  });
});

describe('nothing is thrown into the page', () => {
  for (const [what, sdk, answer] of [
    ['no SDK', undefined, joinAnswer()],
    ['something else than an SDK', {}, joinAnswer()],
    ['no answer', clientView(), undefined],
    ['the join object alone', clientView(), joinAnswer().join],
    ['an SDK without listeners', { join: async () => '' }, joinAnswer()],
  ]) {
    test(`with ${what}`, async () => {
      assert.match((await openPage().usher.join(sdk, answer, null)).outcome, /failed|joined/);
    });
  }

  test('by usher.loaded(), which is told once an attempt', async () => {
    const [page, answer] = [openPage(), joinAnswer()];
    page.usher.loaded(undefined);
    page.usher.loaded(answer);
    void page.usher.join(clientView(), answer);
    await settled();
    assert.deepEqual(page.types(), ['loaded', 'called']);
  });
});
