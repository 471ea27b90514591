// One attempt's events, as they are told to Usher.
import { environment, known, type Environment } from './environment';
import { outbox } from './outbox';
import { Redaction } from './redaction';

/** What `POST /v1/joins` answered, as far as it is used here. */
export interface Answer {
  attempt: string;
  /** The object for the SDK's `join()`. */
  join: Record<string, unknown>;
  report?: { url: string; token: string };
}

export type EventType = 'loaded' | 'called' | 'joined' | 'waiting' | 'failed' | 'gave_up' | 'silent';

export interface ReportedEvent {
  id: string;
  type: EventType;
  at: string;
  code?: string;
  reason?: string;
  raw?: unknown;
}

export interface Details {
  code?: string | undefined;
  reason?: string | undefined;
  raw?: unknown;
}

/** Attempts whose `loaded` has been told. */
const loadedAttempts = new Set<string>();

export class Story {
  private readonly redaction: Redaction;
  private readonly client: Environment;

  constructor(
    private readonly answer: Answer,
    page: Environment,
  ) {
    this.redaction = new Redaction(answer.join);
    this.client = { ...environment(), ...page };
  }

  tell(type: EventType, details: Details = {}): void {
    const { report } = this.answer;
    if (!report?.url || !report.token) return; // an Usher without a journal wants no reports
    outbox.add(
      { url: report.url, token: report.token, client: this.client },
      known<ReportedEvent>({
        id: nextId(),
        type,
        at: new Date().toISOString(),
        code: details.code,
        reason: details.reason && this.redaction.reason(details.reason),
        raw: this.redaction.raw(details.raw),
      }),
    );
  }

  /** Once an attempt, whoever says it first. */
  tellLoaded(): void {
    if (loadedAttempts.has(this.answer.attempt)) return;
    loadedAttempts.add(this.answer.attempt);
    this.tell('loaded');
  }
}

/** The SDK's script is there and the page has its parameters, but joins later. Without it, `join()` says so itself. */
export function loaded(answer: Answer, options: { release?: string } = {}): void {
  try {
    new Story(answer, known<Environment>({ release: options.release })).tellLoaded();
  } catch {
    // Reporting must never harm the page.
  }
}

let idsGiven = 0;

/** Ids of one page sort as they were given: Usher hears of several events at once, and tells them in the order of their ids. */
function nextId(): string {
  idsGiven += 1;
  const random = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return String(idsGiven).padStart(4, '0') + random;
}
