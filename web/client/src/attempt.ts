// One call of the SDK's `join()`, from the call to whatever comes of it.
import { known, type Environment } from './environment';
import { failureOf, freshParametersCanHelp } from './failure';
import type { Options, Result } from './join';
import { outbox } from './outbox';
import type { View, Witness } from './sdk';
import { Story, type Answer, type Details } from './story';

const SILENT_AFTER_MS = 60_000;
/** So long the SDK's own answer may trail what it tells its listeners. */
const GRACE_MS = 1_000;

/** The latest attempt of each SDK: what a listener hears belongs to that one. */
const latest = new WeakMap<object, Attempt>();

type State = 'called' | 'waiting' | 'silent' | 'joined' | 'failed';

export class Attempt implements Witness {
  private readonly story: Story;
  private state: State = 'called';
  private hasGivenUp = false;
  private isSettled = false;
  private settle: (result: Result) => void = () => {};
  private deadline: ReturnType<typeof setTimeout> | undefined;
  private uncaught: string | undefined;
  private heldError: { error: unknown } | undefined;

  constructor(
    private readonly sdk: object,
    private readonly view: View,
    private readonly answer: Answer,
    private readonly options: Options,
  ) {
    const page = { view: view.name, sdk_version: options.sdkVersion ?? view.version, release: options.release };
    this.story = new Story(answer, known<Environment>(page));
  }

  /** Resolves with what the SDK does first. */
  start(): Promise<Result> {
    const settled = new Promise<Result>((resolve) => (this.settle = resolve));
    latest.set(this.sdk, this);
    this.story.tellLoaded();
    this.story.tell('called');
    outbox.onLeave(() => this.giveUp());
    addEventListener('error', this.hearUncaught);
    addEventListener('unhandledrejection', this.hearUncaught);
    this.deadline = setTimeout(() => this.fallSilent(), this.options.silentAfterMs ?? SILENT_AFTER_MS);
    const { success: _, error: __, ...parameters } = this.answer.join;
    try {
      this.view.join(parameters, this);
    } catch (error) {
      this.failed(error);
    }
    return settled;
  }

  /** Failed, and the page has not been told: fresh parameters may help. */
  get isHeld(): boolean {
    return this.heldError !== undefined;
  }

  /** Tells the page after all. */
  release(): void {
    if (this.heldError) call(this.options.error ?? this.answer.join.error, this.heldError.error);
    this.heldError = undefined;
  }

  readonly joined = (value: unknown): void => {
    this.become('joined', {}, value);
    call(this.options.success ?? this.answer.join.success, value);
  };

  readonly failed = (error: unknown): void => {
    const failure = failureOf(error);
    if (!this.isSettled && this.options.retry && this.view.canJoinAgain && freshParametersCanHelp(failure)) this.heldError = { error };
    this.become('failed', failure, error);
    if (!this.heldError) call(this.options.error ?? this.answer.join.error, error);
  };

  heardOfJoin(data: unknown): void {
    if (this.isLatest()) this.become('joined', {}, data);
  }

  heardOfFailure(error: unknown): void {
    if (this.isLatest()) setTimeout(() => this.become('failed', failureOf(error), error), GRACE_MS);
  }

  waiting(reason: string): void {
    if (this.isLatest() && (this.state === 'called' || this.state === 'silent')) this.become('waiting', { reason });
  }

  private isLatest(): boolean {
    return latest.get(this.sdk) === this;
  }

  private fallSilent(): void {
    if (this.state !== 'called') return;
    this.become(this.view.shown()?.isWaiting ? 'waiting' : 'silent', { reason: this.visibleReason() });
  }

  private giveUp(): void {
    if (this.hasGivenUp || this.state === 'joined' || this.state === 'failed') return;
    this.hasGivenUp = true;
    this.story.tell('gave_up', { reason: this.visibleReason() });
  }

  /** An error that nobody caught may be the page's own: it explains a silence, it is no answer. */
  private visibleReason(): string | undefined {
    return this.view.shown()?.reason ?? (this.uncaught && `uncaught ${this.uncaught}`);
  }

  private readonly hearUncaught = (event: ErrorEvent | PromiseRejectionEvent): void => {
    const { reason } = failureOf('reason' in event ? event.reason : event.error);
    this.uncaught ??= reason;
  };

  /** What has joined stays joined, and the first failure is the one that counts. */
  private become(state: Exclude<State, 'called'>, details: Details = {}, value?: unknown): void {
    if (this.state === 'joined' || this.state === state) return;
    this.state = state;
    clearTimeout(this.deadline);
    removeEventListener('error', this.hearUncaught);
    removeEventListener('unhandledrejection', this.hearUncaught);
    this.story.tell(state, details);
    this.isSettled = true;
    const { code, reason } = details;
    this.settle(known<Result>({ outcome: state, attempt: this.answer.attempt, code, reason, value }));
  }
}

/** An error in the page's own callback stays the page's: it is seen where uncaught errors are. */
export function call(callback: unknown, value: unknown): void {
  if (typeof callback !== 'function') return;
  try {
    callback(value);
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}
