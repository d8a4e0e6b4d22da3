import { DistributedLockError, StoreUnavailableError } from '../core/errors.js';
import { invoke } from '../core/invoke.js';
import type { CallOptions, LeaseStore } from '../core/lease-store.js';
import type { Deadline, Deadlines } from './deadlines.js';
import { PendingCall } from './pending-call.js';

/** Who hears of one command: `answered` or `failed`, once. */
export interface CommandListener<T> {
  /** Why an outcome is no answer: a defect in a store must not pass for one. @default every outcome is one */
  objection?(outcome: T): string | undefined;
  answered(outcome: T): void;
  /** No answer within the deadline, or what the store throws. */
  failed(error: DistributedLockError): void;
  /** After the deadline, an answer came all the same. */
  answeredLate?(outcome: T): void;
  /** Whether the command alone lets the process end. @default false */
  readonly unref?: boolean;
}

/** One command that is waited for until its deadline. */
class TimedCall<T> extends PendingCall implements Deadline {
  dueAt = Infinity;
  queueIndex = -1;

  constructor(
    timeoutMs: number,
    private readonly storeName: string,
    private readonly listener: CommandListener<T>,
  ) {
    super(timeoutMs);
  }

  get unref(): boolean {
    return this.listener.unref === true;
  }

  onDeadline(): void {
    const error = unanswered(this.storeName, this.timeoutMs);
    this.leave(error);
    this.listener.failed(error);
  }

  answered(outcome: T): void {
    const objection = this.listener.objection?.(outcome);
    if (objection !== undefined) this.failed(new Error(objection));
    else if (this.isLate) this.listener.answeredLate?.(outcome);
    else this.listener.answered(outcome);
  }

  failed(error: unknown): void {
    if (!this.isLate) this.listener.failed(asStoreError(this.storeName, error));
  }

  /** Whether the listener has been told already that no answer came. */
  private get isLate(): boolean {
    return this.isAborted;
  }
}

/**
 * The way to the store: gives every command its deadline, whether the store keeps it or not, and turns whatever a store
 * throws into an error of this library.
 */
export class StoreGateway {
  constructor(
    readonly store: LeaseStore,
    private readonly deadlines: Deadlines,
  ) {}

  /** Sends a command; what becomes of it, `listener` hears. */
  send<T>(timeoutMs: number, command: (call: CallOptions) => Promise<T>, listener: CommandListener<T>): void {
    const call = new TimedCall(timeoutMs, this.store.name, listener);
    this.deadlines.start(call, timeoutMs);
    invoke(command, call).then(
      outcome => {
        this.deadlines.remove(call);
        call.answered(outcome);
      },
      (error: unknown) => {
        this.deadlines.remove(call);
        call.failed(error);
      },
    );
  }

  /**
   * As {@link send}, for those who wait.
   * @throws StoreUnavailableError at the deadline, with `sent: true`; otherwise what the store throws
   */
  call<T>(timeoutMs: number, command: (call: CallOptions) => Promise<T>): Promise<T> {
    return new Promise((answered, failed) => this.send(timeoutMs, command, { answered, failed }));
  }
}

/** A command that was sent and has brought no reply within its deadline. */
export function unanswered(storeName: string, timeoutMs: number): StoreUnavailableError {
  return new StoreUnavailableError(
    `${storeName} did not answer within ${Math.round(timeoutMs)} ms; the command may still be applied. Check the store and the network, or raise commandTimeout.`,
    { sent: true },
  );
}

/** Why `outcome` is none of the answers that the port knows; `undefined` when it is one. */
export function unknownKind(outcome: { kind: string } | undefined, ...kinds: string[]): string | undefined {
  return outcome !== undefined && kinds.includes(outcome?.kind)
    ? undefined
    : `it answered none of ${kinds.join(', ')}`;
}

/** A foreign error means a defect in the store; what it did is then unknown. */
export function asStoreError(storeName: string, error: unknown): DistributedLockError {
  if (error instanceof DistributedLockError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new StoreUnavailableError(
    `${storeName} failed unexpectedly: ${text}. Its command may have been applied.`,
    {
      sent: true,
      cause: error,
    },
  );
}
