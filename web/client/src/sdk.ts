// Zoom's Web SDK in its two views, as far as it shows how a join goes. Sections are those of the project's Zoom reference.
import { known } from './environment';

/** What an SDK calls while it joins. Anything may come late, twice, or never. */
export interface Witness {
  /** The SDK's own answer to `join()`. */
  joined(value: unknown): void;
  failed(error: unknown): void;
  /** The word of a listener: the answer says more, and mostly is about to follow. */
  heardOfJoin(data: unknown): void;
  heardOfFailure(error: unknown): void;
  waiting(reason: string): void;
}

export interface View {
  readonly name: 'client' | 'component';
  readonly version: string | undefined;
  /** Whether a second `join()` works on the same page. In Client View it ends in an exception of the SDK or in nothing (both versions, run). */
  readonly canJoinAgain: boolean;
  /** Listens and calls the SDK's `join()`. May throw what the SDK throws. */
  join(parameters: Record<string, unknown>, witness: Witness): void;
  /** What the SDK shows in place of an answer. */
  shown(): Notice | undefined;
}

export interface Notice {
  reason: string;
  isWaiting: boolean;
}

/** Pages and dialogs of Client View after which nobody is called back (2.5); these marks are the same in 2.16.0 and 6.2.0. */
const NOTICES: Record<string, Notice> = {
  '#zmmtg-root .waiting-pannel': { reason: 'waiting for host', isWaiting: true },
  '#zmmtg-root #inputpasscode': { reason: 'asks for the passcode', isWaiting: false },
  '#zmmtg-root .captcha-error-tip': { reason: 'asks for a captcha', isWaiting: false },
  '#zmmtg-root #login': { reason: 'asks to register or to sign in', isWaiting: false },
};

type Method = (...values: unknown[]) => unknown;
type Methods = Record<string, Method | undefined>;

/** `undefined` for what is neither. */
export function viewOf(sdk: unknown): View | undefined {
  const methods = (sdk ?? {}) as Methods;
  if (typeof methods.join !== 'function') return undefined;
  return typeof methods.inMeetingServiceListener === 'function' ? clientView(methods) : componentView(methods);
}

/** Levels of the `JOIN_SPEED` events (type definitions of 6.2.0; older versions know none). */
const WAITING_AT: Record<number, string> = { 4: 'waiting for host', 6: 'in waiting room' };

/** `data` is one event or a list of them: the definitions do not say. */
function readJoinSpeed(data: unknown, witness: Witness): void {
  for (const item of Array.isArray(data) ? data : [data]) {
    const reason = WAITING_AT[(item as { level?: number } | null)?.level ?? -1];
    if (reason) witness.waiting(reason);
  }
}

function clientView(zoomMtg: Methods): View {
  const listen = (event: string, hear: (data: Record<string, unknown>) => void) =>
    attempt(() => zoomMtg.inMeetingServiceListener?.(event, (data: unknown) => attempt(() => hear((data ?? {}) as Record<string, unknown>))));
  return {
    name: 'client',
    version: attempt(() => String([zoomMtg.getWebSDKVersion?.()].flat()[0] ?? '')) || undefined,
    canJoinAgain: false,
    join(parameters, witness) {
      listen('onMeetingStatus', (data) => {
        // 1 connecting, 2 connected, 3 disconnected, 4 reconnecting (2.3); the code stands in `detail` in some flows.
        const status = data.meetingStatus;
        const failure = (data.detail ?? data) as Record<string, unknown>;
        if (status === 2) witness.heardOfJoin(data);
        if (status === 3 && failure.errorCode) witness.heardOfFailure(failure);
      });
      // Before this person is in, only they can be meant; whether Zoom sends it without being in is unverified.
      listen('onUserIsInWaitingRoom', () => witness.waiting('in waiting room'));
      listen('onJoinSpeed', (data) => readJoinSpeed(data, witness));
      zoomMtg.join?.({ ...parameters, success: witness.joined, error: witness.failed });
    },
    shown() {
      const mark = Object.keys(NOTICES).find((selector) => attempt(() => document.querySelector(selector)));
      return mark === undefined ? undefined : NOTICES[mark];
    },
  };
}

function componentView(client: Methods): View {
  const listen = (event: string, hear: (data: Record<string, unknown>) => void) =>
    attempt(() => client.on?.(event, (data: unknown) => attempt(() => hear((data ?? {}) as Record<string, unknown>))));
  return {
    name: 'component',
    version: attempt(embeddedVersion),
    canJoinAgain: true,
    join(parameters, witness) {
      listen('connection-change', (data) => {
        if (data.state === 'Connected') witness.heardOfJoin(data);
        if (data.state === 'Fail' || data.state === 'Closed') {
          witness.heardOfFailure(known({ reason: data.reason ?? data.state, errorCode: data.errorCode }));
        }
      });
      listen('on-hold-change', ({ isOnHold }) => isOnHold && witness.waiting('in waiting room'));
      listen('join-speed', (data) => readJoinSpeed(data, witness));
      Promise.resolve(client.join?.(parameters)).then(
        // The type definitions let it resolve with a failure, too.
        (value) => ((value as { type?: string } | undefined)?.type ? witness.failed(value) : witness.joined(value)),
        (error) => witness.failed(error),
      );
    },
    shown: () => undefined, // it answers where Client View shows a page
  };
}

/** The client does not tell; the name of Zoom's script, or the namespace of the npm package, does. */
function embeddedVersion(): string | undefined {
  const namespace = (globalThis as { ZoomMtgEmbedded?: { VERSION?: string } }).ZoomMtgEmbedded;
  if (namespace?.VERSION) return namespace.VERSION;
  const names = Array.from(document.scripts, ({ src }) => /zoom.*embedded.*?(\d+\.\d+\.\d+)/.exec(src)?.[1]);
  return names.find(Boolean);
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined; // a listener that this version lacks is one witness fewer, no reason not to join
  }
}
