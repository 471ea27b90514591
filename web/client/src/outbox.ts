// Events on their way to Usher. An event stays here, and in sessionStorage, until Usher has answered: what is sent twice counts once.
import type { Environment } from './environment';
import type { ReportedEvent } from './story';

export interface Sender {
  url: string;
  /** Allows reporting on that one attempt, nothing else. */
  token: string;
  client: Environment;
}

interface Parcel extends Sender {
  events: ReportedEvent[];
}

const STORAGE_KEY = 'usher.outbox';
const MAX_EVENTS = 100;
/** An event is 7 kB at most, a beacon 64 KiB. */
const EVENTS_PER_BODY = 7;
const ANSWER_LIMIT_MS = 15_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5 * 60_000;

class Outbox {
  private parcels: Parcel[] = [];
  private isSending = false;
  private failuresInARow = 0;
  private nextTry: ReturnType<typeof setTimeout> | undefined;
  private clockOffsetMs: number | undefined;
  private readonly beforeLeaving = new Set<() => void>();

  constructor() {
    try {
      this.parcels = restored();
      addEventListener('online', () => this.send());
      addEventListener('pageshow', () => this.send());
      addEventListener('pagehide', () => this.leave());
      this.send();
    } catch {
      // No page to speak of (a server that renders it, say): nothing will be joined either.
    }
  }

  /** What is to be told when the page goes away. */
  onLeave(tell: () => void): void {
    this.beforeLeaving.add(tell);
  }

  add({ url, token, client }: Sender, event: ReportedEvent): void {
    let parcel = this.parcels.find((other) => other.url === url);
    if (!parcel) this.parcels.push((parcel = { url, token, client, events: [] }));
    parcel.client = client;
    parcel.events.push(event);
    this.trim();
    this.save();
    void Promise.resolve().then(() => this.send()); // events of the same moment go together
  }

  private async send(): Promise<void> {
    if (this.isSending) return;
    this.isSending = true;
    clearTimeout(this.nextTry);
    try {
      for (let parcel = this.parcels[0]; parcel; parcel = this.parcels[0]) {
        const events = parcel.events.slice(0, EVENTS_PER_BODY);
        if (await this.isSettledByPost(parcel, events)) {
          this.failuresInARow = 0;
          this.remove(parcel, events);
        } else {
          this.parcels.push(...this.parcels.splice(0, 1)); // one address that fails must not hold up the others
          this.tryLater();
          return;
        }
      }
    } catch {
      this.tryLater();
    } finally {
      this.isSending = false;
    }
  }

  private tryLater(): void {
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.failuresInARow, LONGEST_PAUSE_MS);
    this.failuresInARow += 1;
    this.nextTry = setTimeout(() => this.send(), pause);
  }

  /** Whether there is no use in sending these again: they have arrived, or they never will. */
  private async isSettledByPost(parcel: Parcel, events: ReportedEvent[]): Promise<boolean> {
    if (typeof fetch !== 'function') return this.isBeaconed(parcel, events);
    const cancel = new AbortController();
    const limit = setTimeout(() => cancel.abort(), ANSWER_LIMIT_MS);
    try {
      const sentAtMs = performance.now(); // the wall clock may be set meanwhile
      const response = await fetch(parcel.url, {
        method: 'POST',
        headers: { authorization: `Bearer ${parcel.token}`, 'content-type': 'application/json' },
        body: this.body(parcel, events),
        keepalive: true,
        credentials: 'omit',
        signal: cancel.signal,
      });
      const { status } = response;
      if (response.ok) await this.readClock(response, performance.now() - sentAtMs);
      return response.ok || (status >= 400 && status < 500 && status !== 408 && status !== 429);
    } catch {
      return false;
    } finally {
      clearTimeout(limit);
    }
  }

  private isBeaconed(parcel: Parcel, events: ReportedEvent[]): boolean {
    // A string goes as text/plain, which needs no preflight; the token stands in it, since a beacon has no headers.
    return navigator.sendBeacon(parcel.url, this.body(parcel, events, parcel.token));
  }

  private body(parcel: Parcel, events: ReportedEvent[], token?: string): string {
    const client = { ...parcel.client, clock_offset_ms: this.clockOffsetMs };
    return wellFormed(JSON.stringify({ events, client, sent_at: new Date().toISOString(), token }));
  }

  /** This clock minus Usher's, as of the middle between question and answer. */
  private async readClock(response: Response, tookMs: number): Promise<void> {
    const middle = Date.now() - tookMs / 2;
    const answer = (await response.json().catch(() => null)) as { server_time?: string | number } | null;
    const precise = answer?.server_time ? new Date(answer.server_time).getTime() : NaN;
    const inWholeSeconds = Date.parse(response.headers.get('date') ?? '') + 500;
    const server = Number.isNaN(precise) ? inWholeSeconds : precise;
    if (!Number.isNaN(server)) this.clockOffsetMs = Math.round(middle - server);
  }

  private leave(): void {
    try {
      for (const tell of this.beforeLeaving) tell();
      // They stay in the outbox: nobody learns whether a beacon arrived. The next page of this tab sends them again.
      for (const parcel of this.parcels) {
        for (let from = 0; from < parcel.events.length; from += EVENTS_PER_BODY) {
          this.isBeaconed(parcel, parcel.events.slice(from, from + EVENTS_PER_BODY));
        }
      }
    } catch {
      // The page is going away.
    }
  }

  private remove(parcel: Parcel, sent: ReportedEvent[]): void {
    parcel.events = parcel.events.filter((event) => !sent.includes(event));
    this.parcels = this.parcels.filter(({ events }) => events.length > 0);
    this.save();
  }

  /** The oldest go first. */
  private trim(): void {
    let excess = this.parcels.reduce((sum, { events }) => sum + events.length, 0) - MAX_EVENTS;
    for (const parcel of this.parcels) {
      if (excess > 0) excess -= parcel.events.splice(0, excess).length;
    }
    this.parcels = this.parcels.filter(({ events }) => events.length > 0);
  }

  private save(): void {
    try {
      if (this.parcels.length > 0) sessionStorage.setItem(STORAGE_KEY, JSON.stringify(this.parcels));
      else sessionStorage.removeItem(STORAGE_KEY);
    } catch {
      // Storage that is full or forbidden: memory alone has to do.
    }
  }
}

/** JSON with U+FFFD for every half of a surrogate pair: strict readers refuse the whole of what has one. Only such halves are escaped as `\ud83d`. */
function wellFormed(json: string): string {
  return json.replace(/\\(?:u(d[89a-f]..)|.)/g, (escape, surrogate) => (surrogate ? '\\ufffd' : escape));
}

/** What an earlier page of this tab could not deliver. */
function restored(): Parcel[] {
  try {
    const parcels = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '[]') as Parcel[];
    return parcels.filter(({ url, token, events }) => url && token && events.length > 0);
  } catch {
    return [];
  }
}

export const outbox = new Outbox();
