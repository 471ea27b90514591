// Stands for POST /v1/attempts/{id}/events on an origin of its own: keeps what the browser client sends, by attempt.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization, content-type',
  'access-control-max-age': '600',
};

export async function startReports() {
  const attempts = new Map();
  const waiting = new Set();

  function keep(id, token, body) {
    const attempt = attempts.get(id);
    if (!attempt || attempt.token !== token) return undefined;
    const fresh = body.events.filter((event) => !attempt.events.some((known) => known.id === event.id));
    attempt.events.push(...fresh);
    attempt.bodies.push(body);
    for (const look of waiting) look();
    return { accepted: fresh.length, duplicates: body.events.length - fresh.length, server_time: new Date().toISOString() };
  }

  const server = createServer(async (request, answer) => {
    if (request.method === 'OPTIONS') return answer.writeHead(204, CORS).end();
    const body = JSON.parse(await text(request));
    const id = /^\/v1\/attempts\/([^/]+)\/events$/.exec(request.url)?.[1];
    const receipt = keep(id, body.token ?? request.headers.authorization?.replace('Bearer ', ''), body);
    answer.writeHead(receipt ? 202 : 401, { ...CORS, 'content-type': 'application/json' }).end(JSON.stringify(receipt ?? {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;

  return {
    /** What `POST /v1/joins` would answer for these parameters. */
    answer(join) {
      const attempt = join.customerKey;
      const token = `report-token-of-${attempt}`;
      attempts.set(attempt, { token, events: [], bodies: [] });
      return { attempt, join, report: { url: `${origin}/v1/attempts/${attempt}/events`, token } };
    },

    events: (attempt) => attempts.get(attempt).events,
    bodies: (attempt) => attempts.get(attempt).bodies,

    /** Waits until the attempt has an event of that type; its events. */
    async until(attempt, type, limitMs = 20_000) {
      const { events } = attempts.get(attempt);
      const isThere = () => events.some((event) => event.type === type);
      if (isThere()) return events;
      let look, timer;
      await new Promise((resolve, reject) => {
        look = () => isThere() && resolve();
        timer = setTimeout(() => reject(new Error(`no ${type} in ${limitMs} ms, only ${JSON.stringify(events)}`)), limitMs);
        waiting.add(look);
      }).finally(() => {
        clearTimeout(timer);
        waiting.delete(look);
      });
      return events;
    },

    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
