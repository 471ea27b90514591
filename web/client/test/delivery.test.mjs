// How reports travel, and what they hold.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, describe, mock, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { built, OUTPUT } from '../build.mjs';
import { accepting, answering, clientView, freezeClock, joinAnswer, openPage, passes, settled, START, unreachable } from './page.mjs';

beforeEach(freezeClock);

/** A page that joins, and fails with this. */
async function failing(error, { join, ...options } = {}) {
  const [page, sdk] = [openPage(options), clientView()];
  void page.usher.join(sdk, joinAnswer(join));
  sdk.calls[0].error(error);
  await settled();
  return page;
}

describe('the outbox', () => {
  test('sends events of the same moment together, with the token as bearer, outliving the page', async () => {
    const [page, answer] = [openPage(), joinAnswer()];
    void page.usher.join(clientView(), answer);
    await settled();
    const [post, ...others] = page.posts;
    assert.deepEqual(others, []);
    assert.equal(post.headers.authorization, `Bearer ${answer.report.token}`);
    assert.equal(post.keepalive, true);
    assert.equal(post.token, undefined);
    assert.deepEqual(post.events.map(({ type }) => type), ['loaded', 'called']);
    assert.ok(post.events[0].id < post.events[1].id); // Usher tells in the order of ids what it hears at once
    assert.equal(post.events[0].at, new Date(START).toISOString());
    assert.equal(page.storage.size, 0);
  });

  for (const [what, server] of [['no network', unreachable], ['500', answering(500)], ['429', answering(429)], ['408', answering(408)]]) {
    test(`tries again after ${what}, with pauses that double, the same events under the same ids`, async () => {
      const page = await failing({ errorCode: 1 }, { server });
      assert.equal(page.posts.length, 1);
      await passes(999);
      assert.equal(page.posts.length, 1);
      await passes(1);
      assert.equal(page.posts.length, 2);
      page.server = accepting;
      await passes(2_000);
      assert.equal(page.posts.length, 3);
      assert.deepEqual(page.posts[2].events, page.posts[1].events);
      assert.equal(page.storage.size, 0);
    });
  }

  test('tries again at once when the browser comes online', async () => {
    const page = await failing({ errorCode: 1 }, { server: unreachable });
    page.server = accepting;
    page.happens('online');
    await settled();
    assert.equal(page.posts.length, 2);
    assert.equal(page.storage.size, 0);
  });

  for (const status of [400, 401, 404, 413]) {
    test(`drops what is answered with ${status}`, async () => {
      const page = await failing({ errorCode: 1 }, { server: answering(status) });
      assert.equal(page.storage.size, 0);
      await passes(600_000);
      assert.equal(page.posts.length, 1);
    });
  }

  test('hands what it could not deliver to the next page of the tab', async () => {
    const { storage } = await failing({ errorCode: 3712 }, { server: unreachable });
    const next = openPage({ storage });
    await settled();
    assert.deepEqual(next.types(), ['loaded', 'called', 'failed']);
    assert.equal(storage.size, 0);
  });

  test('keeps a hundred events, the newest', async () => {
    const page = openPage({ server: unreachable });
    const answers = Array.from({ length: 60 }, () => joinAnswer());
    for (const answer of answers) void page.usher.join(clientView(), answer);
    const kept = JSON.parse(page.storage.get('usher.outbox'));
    assert.equal(kept.flatMap(({ events }) => events).length, 100);
    assert.deepEqual(kept.map(({ url }) => url), answers.slice(10).map(({ report }) => report.url));
    await settled();
  });

  test('does not let an address that fails hold up the others', async () => {
    const [page, lost, fine] = [openPage(), joinAnswer(), joinAnswer()];
    page.server = (request) => (request.url === lost.report.url ? answering(500)() : accepting(request));
    page.usher.loaded(lost);
    page.usher.loaded(fine);
    await settled();
    await passes(1_000);
    assert.ok(page.posts.some(({ url }) => url === fine.report.url));
  });

  test('works without fetch, by beacon', async () => {
    const page = await failing({ errorCode: 1 }, { hasFetch: false });
    assert.deepEqual(page.types(), ['loaded', 'called', 'failed']);
    assert.equal(page.storage.size, 0);
  });

  test('works without storage, and ignores what is broken in it', async () => {
    assert.deepEqual((await failing({}, { forbidsStorage: true })).types(), ['loaded', 'called', 'failed']);
    assert.deepEqual((await failing({}, { storage: new Map([['usher.outbox', '{"']]) })).types(), ['loaded', 'called', 'failed']);
  });

  test("says from the first answer on how far the browser's clock is ahead of the server's", async () => {
    for (const receipt of [{ body: { server_time: new Date(START - 90_000).toISOString() } }, { date: new Date(START - 90_500).toUTCString() }]) {
      await freezeClock();
      const [page, sdk] = [openPage({ server: () => ({ status: 202, ...receipt }) }), clientView()];
      void page.usher.join(sdk, joinAnswer());
      await settled();
      sdk.calls[0].success({});
      await settled();
      const offsets = page.posts.map(({ client }) => client.clock_offset_ms);
      assert.equal(offsets[0], undefined);
      assert.ok(Math.abs(offsets[1] - 90_000) <= 500, `${offsets[1]} ms`);
      assert.equal(page.posts[1].sent_at, new Date(START).toISOString());
    }
  });

  test('measures a clock that is set during the request as it is afterwards', async () => {
    const [page, sdk] = [openPage(), clientView()];
    const server_time = new Date(START + 1_000 - 90_000).toISOString();
    page.server = () => {
      mock.timers.setTime(START + 2_000); // as long as the request takes
      page.clockIsSetForward(3_600_000);
      return { status: 202, body: { server_time } };
    };
    void page.usher.join(sdk, joinAnswer());
    await settled();
    sdk.calls[0].success({});
    await settled();
    assert.equal(page.posts[1].client.clock_offset_ms, 3_600_000 + 90_000);
  });
});

describe('a report', () => {
  const SECRETS = { signature: 'eyJhbGciOiJIUzI1NiJ9.eyJtbiI6MX0.c2ln', passWord: 'p4ssw0rd', zak: 'zak-0123456789', tk: 'registrant', userEmail: 'aiko@example.com' };

  test('holds no secret and no name, wherever in the error they stand', async () => {
    const page = await failing(
      {
        errorCode: 1,
        result: `for Aiko Tanaka <aiko@example.com>: ${SECRETS.signature}`,
        errorMessage: 'https://zoom.us/j/1?pwd=0therSecret&x=1',
        passWord: 'typed',
        nested: [{ zak: 'another', text: `with p4ssw0rd and zak-0123456789 and registrant` }],
      },
      { join: SECRETS },
    );
    const sent = JSON.stringify(page.posts.map(({ events, client }) => [events, client]));
    for (const secret of [...Object.values(SECRETS), 'Aiko', '0therSecret', 'typed', 'another']) assert.ok(!sent.includes(secret), secret);
    assert.ok(sent.includes('[removed]'));
    assert.ok(sent.includes('x=1'));
  });

  test('keeps numbers whole when a passcode is short', async () => {
    const page = await failing({ errorCode: 3001, errorMessage: 'no meeting 85012345678', passcodeTyped: 1, it: '12' }, { join: { passWord: '12' } });
    const { reason, raw } = page.events()[2];
    assert.equal(reason, 'no meeting 85012345678');
    assert.equal(raw.it, '[removed]');
  });

  test('holds what JSON can hold of any object, and 4 kB of it at most', async () => {
    const circular = { errorCode: 7, list: [1n, Symbol('s'), () => 1] };
    circular.self = circular;
    Object.defineProperty(circular, 'trap', { enumerable: true, get: () => assert.fail('no') });
    const { raw } = (await failing(circular)).events()[2];
    assert.deepEqual(raw, { errorCode: 7, list: ['1', null, null], self: '[circular]', trap: '[unreadable]' });

    const huge = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key${index}`, '会議'.repeat(5000)]));
    const page = await failing({ ...huge, errorMessage: 'x'.repeat(100_000) });
    const { raw: cut } = page.events()[2];
    assert.ok(Buffer.byteLength(JSON.stringify(cut)) <= 4096);
    const { reason } = (await failing({ errorCode: 3, errorMessage: 'x'.repeat(100_000) })).events()[2];
    assert.equal(reason.length, 500);
  });

  test('is cut between characters, and has U+FFFD where the SDK gives half a surrogate pair', async () => {
    const half = '\ud83d';
    const error = { errorCode: half, errorMessage: `${'x'.repeat(499)}😀 tail`, text: `${'x'.repeat(999)}😀 tail`, [half]: `😀${half}\\ud83d` };
    const page = await failing(error);
    const { code, reason, raw } = page.events()[2];
    assert.equal(code, '\ufffd');
    assert.equal(reason, `${'x'.repeat(499)}😀`);
    assert.equal(raw.text, `${'x'.repeat(999)}😀`);
    assert.equal(raw['\ufffd'], '😀\ufffd\\ud83d'); // a backslash that the text itself has stays

    const huge = { errorCode: half, ...Object.fromEntries(Array.from({ length: 9 }, (_, index) => [index, '😀'.repeat(999)])) };
    const { raw: cut } = (await failing(huge)).events()[2];
    assert.ok(cut.cut.isWellFormed() && cut.cut.endsWith('😀'));
    assert.ok(Buffer.byteLength(JSON.stringify(cut)) <= 4096);
  });

  const AGENTS = {
    'Chrome 156 on Linux': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
    'Edge 141 on Windows': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0',
    'Safari 17 on iOS 17': 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1',
    'Safari 18 on macOS': 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
    'Firefox 140 on Android 13': 'Mozilla/5.0 (Android 13; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0',
    'Chrome 140 on Android': 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
    'Chrome 139 on iOS 18': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/139.0.0.0 Mobile/15E148 Safari/604.1',
  };
  for (const [said, userAgent] of Object.entries(AGENTS)) {
    test(`names the browser and the system by family and major version: ${said}`, async () => {
      const page = await failing({ errorCode: 1 }, { userAgent });
      const { browser, os } = page.posts[0].client;
      assert.equal(`${browser} on ${os}`, said);
      assert.ok(!JSON.stringify(page.posts).includes('AppleWebKit'));
    });
  }
});

describe('the committed files', () => {
  test('are what the sources build, and smaller than 6 kB gzipped', async () => {
    for (const [name, content] of Object.entries(await built())) {
      const committed = readFileSync(OUTPUT + name, 'utf8');
      assert.ok(committed === content, `${name} is not what the sources build: npm --prefix web run build`);
      const size = gzipSync(committed, { level: 9 }).length;
      assert.ok(size < 6_000, `${name} takes ${size} bytes`);
    }
  });

  test('offer the same as a module', async () => {
    const exported = await import(`${OUTPUT}usher.mjs`);
    assert.deepEqual(Object.keys(exported).sort(), ['join', 'loaded']);
  });
});
