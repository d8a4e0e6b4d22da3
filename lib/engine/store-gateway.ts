import { DistributedLockError, StoreUnavailableError } from '../core/errors.js';
import type { CallOptions, LeaseStore } from '../core/lease-store.js';
import type { Clock } from '../core/ports.js';
import { PendingCall } from './pending-call.js';

/** How one command is waited for. */
export interface CallTerms<T> {
  /** Told the outcome of a command that was answered after the deadline. */
  readonly onLate?: (outcome: T) => void;
  /** Whether the command alone lets the process end. @default false */
  readonly unref?: boolean;
}

/**
 * The way to the store: gives every command its deadline, whether the store keeps it or not, and turns whatever a store
 * throws into an error of this library.
 */
export class StoreGateway {
  private readonly unansweredCalls = new Set<() => void>();

  constructor(
    readonly store: LeaseStore,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws StoreUnavailableError at the deadline, with `sent: true`; otherwise what the store throws
   */
  call<T>(
    timeoutMs: number,
    command: (call: CallOptions) => Promise<T>,
    { onLate, unref }: CallTerms<T> = {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = new PendingCall(timeoutMs);
      const end = (): void => {
        deadline.cancel();
        this.unansweredCalls.delete(giveUp);
      };
      const giveUp = (): void => {
        end();
        const error = unanswered(this.store.name, timeoutMs);
        call.leave(error);
        reject(error);
      };
      const deadline = this.clock.startTimer(timeoutMs, giveUp, { unref });
      this.unansweredCalls.add(giveUp);
      invoke(() => command(call)).then(
        outcome => {
          end();
          if (call.isAborted) onLate?.(outcome);
          else resolve(outcome);
        },
        (error: unknown) => {
          end();
          reject(asStoreError(this.store.name, error));
        },
      );
    });
  }

  /** Waits for no command any more. */
  stop(): void {
    for (const giveUp of [...this.unansweredCalls]) giveUp();
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
