// Joining: calls the SDK, passes its answer on to the page, tells Usher what became of it, and may try once more.
import { Attempt, call } from './attempt';
import { viewOf } from './sdk';
import type { Answer } from './story';

export interface Options {
  /** As in the SDK's own `join()`; in Component View too. */
  success?: (value: unknown) => void;
  error?: (error: unknown) => void;
  /** How long the SDK may say nothing before that is reported. 60 s. */
  silentAfterMs?: number;
  /** A new answer of `POST /v1/joins`. Called once at most, in Component View, for a failure that fresh parameters can help. */
  retry?: (() => Promise<Answer>) | undefined;
  /** Where the SDK does not tell its version: Component View from an npm bundle. */
  sdkVersion?: string;
  /** The release of the page. */
  release?: string;
}

/** What the SDK did first. What it does later goes to the callbacks, and to Usher. */
export interface Result {
  outcome: 'joined' | 'waiting' | 'failed' | 'silent';
  /** The attempt that this is the outcome of: after a retry, the second one. */
  attempt?: string;
  code?: string;
  reason?: string;
  /** What the SDK answered, as it answered it. */
  value?: unknown;
}

/** The SDK refuses a second `join()` within 10 s with 3633 (reference 2.1); the rest is for its clock and ours. */
const BETWEEN_JOINS_MS = 10_500;

/** Always resolves, whatever happens. */
export async function join(sdk: unknown, answer: Answer, options?: Options | null): Promise<Result> {
  const wish = options ?? {};
  try {
    const view = viewOf(sdk);
    if (!view) return refused('usher.join needs ZoomMtg, or a client of ZoomMtgEmbedded.createClient()', wish);
    if (typeof answer?.join !== 'object') return refused('usher.join needs the whole answer of POST /v1/joins', wish);
    const calledAt = Date.now();
    const first = new Attempt(sdk as object, view, answer, wish);
    const result = await first.start();
    const fresh = first.isHeld && (await freshAnswer(wish, calledAt + BETWEEN_JOINS_MS));
    if (fresh) return await new Attempt(sdk as object, view, fresh, { ...wish, retry: undefined }).start();
    first.release();
    return result;
  } catch (error) {
    return refused(String(error), wish);
  }
}

function refused(reason: string, options: Options): Result {
  call(options.error, new Error(reason));
  return { outcome: 'failed', reason };
}

/** `undefined` if there is none to be had. */
async function freshAnswer(options: Options, notBefore: number): Promise<Answer | undefined> {
  try {
    await new Promise((resolve) => setTimeout(resolve, notBefore - Date.now()));
    const answer = await options.retry?.();
    return typeof answer?.join === 'object' ? answer : undefined;
  } catch {
    return undefined;
  }
}
