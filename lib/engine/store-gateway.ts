import { DistributedLockError, StoreUnavailableError } from '../core/errors.js';
import type { CallOptions, LeaseStore } from '../core/lease-store.js';
import type { Clock } from '../core/ports.js';

/** What became of a reply that came after its caller had stopped listening. */
export type LateReply<T> = (outcome: T) => void;

/**
 * The way to the store: gives every command its deadline, whether the store keeps it or not, and turns whatever a store
 * throws into an error of this library.
 */
export class StoreGateway {
  constructor(
    readonly store: LeaseStore,
    private readonly clock: Clock,
  ) {}

  /**
   * @param onLate is told the outcome of a command that was answered after the deadline
   * @throws StoreUnavailableError at the deadline, with `sent: true`; otherwise what the store throws
   */
  call<T>(timeoutMs: number, command: (call: CallOptions) => Promise<T>, onLate?: LateReply<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = new PendingCall(timeoutMs);
      const deadline = this.clock.startTimer(timeoutMs, () => {
        const error = unanswered(this.store.name, timeoutMs);
        call.abort(error);
        reject(error);
      });
      invoke(() => command(call)).then(
        outcome => {
          deadline.cancel();
          if (call.isAborted) onLate?.(outcome);
          else resolve(outcome);
        },
        (error: unknown) => {
          deadline.cancel();
          reject(asStoreError(this.store.name, error));
        },
      );
    });
  }
}

/** A command that is waited for. Its abort signal is made when a store asks for it. */
export class PendingCall implements CallOptions {
  private controller: AbortController | null = null;
  private abortReason: Error | null = null;

  constructor(readonly timeoutMs: number) {}

  get signal(): AbortSignal {
    if (this.controller === null) {
      this.controller = new AbortController();
      if (this.abortReason !== null) this.controller.abort(this.abortReason);
    }
    return this.controller.signal;
  }

  get isAborted(): boolean {
    return this.abortReason !== null;
  }

  abort(reason: Error): void {
    this.abortReason ??= reason;
    this.controller?.abort(this.abortReason);
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
export async function invoke<T>(command: () => Promise<T>): Promise<T> {
  return await command();
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
