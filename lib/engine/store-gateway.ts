import { DistributedLockError, StoreUnavailableError } from '../core/errors.js';
import type { CallOptions, LeaseStore } from '../core/lease-store.js';
import type { Deadline, Deadlines } from './deadlines.js';
import { PendingCall } from './pending-call.js';

/** How one command is waited for. */
export interface CallTerms<T> {
  /** Told the outcome of a command that was answered after the deadline. */
  readonly onLate?: (outcome: T) => void;
  /** Whether the command alone lets the process end. @default false */
  readonly unref?: boolean;
}

/** One command that is waited for until its deadline. */
class TimedCall<T> extends PendingCall implements Deadline {
  dueAt = Infinity;
  queueIndex = -1;
  readonly unref: boolean;

  constructor(
    timeoutMs: number,
    private readonly storeName: string,
    private readonly terms: CallTerms<T>,
    private readonly resolve: (outcome: T) => void,
    private readonly reject: (error: unknown) => void,
  ) {
    super(timeoutMs);
    this.unref = terms.unref ?? false;
  }

  onDeadline(): void {
    const error = unanswered(this.storeName, this.timeoutMs);
    this.leave(error);
    this.reject(error);
  }

  answered(outcome: T): void {
    if (this.isAborted) this.terms.onLate?.(outcome);
    else this.resolve(outcome);
  }

  failed(error: unknown): void {
    this.reject(asStoreError(this.storeName, error));
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

  /**
   * @throws StoreUnavailableError at the deadline, with `sent: true`; otherwise what the store throws
   */
  call<T>(
    timeoutMs: number,
    command: (call: CallOptions) => Promise<T>,
    terms: CallTerms<T> = {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = new TimedCall(timeoutMs, this.store.name, terms, resolve, reject);
      this.deadlines.start(call, timeoutMs);
      invoke(() => command(call)).then(
        outcome => {
          this.deadlines.remove(call);
          call.answered(outcome);
        },
        (error: unknown) => {
          this.deadlines.remove(call);
          call.failed(error);
        },
      );
    });
  }
}

/** A command that was sent and has brought no reply within its deadline. */
export function unanswered(storeName: string, timeoutMs: number): StoreUnavailableError {
  return new StoreUnavailableError(
    `${storeName} did not answer within ${Math.round(timeoutMs)} ms; the command may still be applied. Check the store and the network, or raise commandTimeout.`,
    { sent: true },
  );
}

/** Runs a store's method so that a synchronous throw becomes a rejection. */
export function invoke<T>(command: () => Promise<T>): Promise<T> {
  try {
    return Promise.resolve(command());
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * Anything but the answers that the port knows is no answer: a defect in a store must not end a lease.
 * @throws Error when `outcome` is of none of these kinds
 */
export function definite<T extends { kind: string }>(outcome: T | undefined, ...kinds: T['kind'][]): T {
  if (outcome !== undefined && kinds.includes(outcome?.kind)) return outcome;
  throw new Error(`it answered none of ${kinds.join(', ')}`);
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
