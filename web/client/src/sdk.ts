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
  /** Listens and calls the SDK's `join()`. May throw what the SDK throws. */
  join(parameters: Record<string, unknown>, witness: Witness): void;
}

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
  };
}

function componentView(client: Methods): View {
  const listen = (event: string, hear: (data: Record<string, unknown>) => void) =>
    attempt(() => client.on?.(event, (data: unknown) => attempt(() => hear((data ?? {}) as Record<string, unknown>))));
  return {
    name: 'component',
    version: attempt(() => (globalThis as { ZoomMtgEmbedded?: { VERSION?: string } }).ZoomMtgEmbedded?.VERSION),
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
  };
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined; // a listener that this version lacks is one witness fewer, no reason not to join
  }
}
