// A page for the committed script: a realm of its own with the few things of a browser that the client uses, and a clock that tests drive.
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import { mock } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { OUTPUT } from '../build.mjs';

const SCRIPT = readFileSync(`${OUTPUT}usher.js`, 'utf8');
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';

export const START = Date.parse('2026-11-24T13:00:00Z');

/** Freezes the clock at START; `passes` moves it, and lets everything that is due happen. */
export async function freezeClock() {
  await settled(); // the page of another test has its timers in that test's clock
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START });
}

/** Until the promises that are under way are done. */
export async function settled() {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export async function passes(ms) {
  mock.timers.tick(ms);
  await settled();
}

/** `server(request)` answers `{ status, body }`, or throws where it can't be reached. `storage` outlives the page. */
export function openPage({ server = accepting, storage = new Map(), userAgent = CHROME, hasFetch = true, forbidsStorage = false } = {}) {
  const posts = [];
  const beacons = [];
  const target = new EventTarget();
  const page = { server };
  let jumpedMs = 0;
  const pending = new Set();
  const guarded = (act) => (...values) => {
    if (forbidsStorage) throw new Error('SecurityError');
    return act(...values);
  };
  const globals = {
    addEventListener: target.addEventListener.bind(target),
    removeEventListener: target.removeEventListener.bind(target),
    document: { scripts: [], querySelector: (selector) => (selector === page.shown ? {} : null) },
    sessionStorage: {
      getItem: guarded((key) => storage.get(key) ?? null),
      setItem: guarded((key, value) => storage.set(key, value)),
      removeItem: guarded((key) => storage.delete(key)),
    },
    navigator: { userAgent, maxTouchPoints: 0, sendBeacon: (url, body) => beacons.push({ url, ...JSON.parse(body) }) > 0 },
    crypto: webcrypto,
    crossOriginIsolated: false,
    TextEncoder,
    AbortController,
    Date,
    performance: { now: () => Date.now() - jumpedMs },
    setTimeout(callback, ms) {
      const timer = setTimeout(() => {
        pending.delete(timer);
        callback();
      }, ms);
      pending.add(timer);
      return timer;
    },
    // Node's own would take another timer in the place of one that is over.
    clearTimeout: (timer) => pending.delete(timer) && clearTimeout(timer),
  };
  if (hasFetch) {
    globals.fetch = async (url, { headers, body, keepalive }) => {
      const request = { url, headers, keepalive, ...JSON.parse(body) };
      posts.push(request);
      const { status, body: answer = {}, date } = page.server(request);
      return { status, ok: status < 300, json: async () => answer, headers: new Headers(date ? { date } : {}) };
    };
  }
  const context = createContext(globals);
  runInContext(SCRIPT, context);
  return Object.assign(page, {
    usher: runInContext('usher', context),
    posts,
    beacons,
    storage,
    /** Somebody sets the clock of the system: no timer is due for that. */
    clockIsSetForward(ms) {
      jumpedMs += ms;
      mock.timers.setTime(Date.now() + ms);
    },
    happens: (type, fields = {}) => target.dispatchEvent(Object.assign(new Event(type), fields)),
    /** Every event that has arrived, once. */
    events: () => [...new Map([...posts, ...beacons].flatMap(({ events }) => events).map((event) => [event.id, event])).values()],
    types: () => page.events().map(({ type }) => type),
  });
}

export const accepting = ({ events }) => ({ status: 202, body: { accepted: events.length, duplicates: 0 } });
export const unreachable = () => {
  throw new TypeError('Failed to fetch');
};
export const answering = (status) => () => ({ status });

let attempts = 0;

/** As `POST /v1/joins` answers. */
export function joinAnswer(join = {}) {
  const attempt = `attempt-${(attempts += 1)}`;
  const url = `https://usher.example/v1/attempts/${attempt}/events`;
  return { attempt, join: { meetingNumber: '85012345678', userName: 'Aiko Tanaka', ...join }, report: { url, token: `token-${attempt}` } };
}

/** Client View that has been asked and says nothing; the test answers in its place. */
export function clientView() {
  const listeners = {};
  const zoomMtg = {
    calls: [],
    getWebSDKVersion: () => ['6.2.0', '6.2.0_build'],
    inMeetingServiceListener: (event, callback) => (listeners[event] ??= []).push(callback),
    join: (parameters) => zoomMtg.calls.push(parameters),
    tell: (event, data) => listeners[event].forEach((callback) => callback(data)),
  };
  return zoomMtg;
}

/** Component View; every join takes the next of these ways to end. */
export function componentView(...ways) {
  const client = { calls: [], on() {} };
  client.join = (parameters) => {
    client.calls.push({ at: Date.now(), parameters });
    return ways.shift()();
  };
  return client;
}
