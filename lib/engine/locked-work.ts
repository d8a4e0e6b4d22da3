import { LockLostError } from '../core/errors.js';
import type { Lease } from '../core/lease.js';
import type { HeldLease } from './held-lease.js';
import { runUnder } from './lease-context.js';
import { WorkTracker } from './work-tracker.js';

/** What to do when a lease was lost before its work ended. */
export type OnLost = 'throw' | 'ignore';

/** Work that runs under leases of its own, and their release when it ends. */
export class LockedWork {
  private readonly tracker = new WorkTracker();
  private readonly atWork = new Set<HeldLease>();

  /** The leases whose work has not ended. */
  get leases(): ReadonlySet<HeldLease> {
    return this.atWork;
  }

  /** Resolves once no work runs. */
  drained(): Promise<void> {
    return this.tracker.drained();
  }

  /** Runs `fn` under `lease`, then releases that. */
  run<T>(
    manager: object,
    lease: HeldLease,
    onLost: OnLost,
    fn: (lease: Lease) => Promise<T> | T,
  ): Promise<T> {
    this.atWork.add(lease);
    return this.tracker.track(async () => {
      try {
        return await runToEnd(manager, lease, onLost, fn);
      } finally {
        this.atWork.delete(lease);
        await lease.release();
      }
    });
  }
}

/**
 * Runs `fn` under `lease`, unless that is over already. Whether it was lost by the end counts for more than what `fn` says.
 */
export async function runToEnd<T>(
  manager: object,
  lease: HeldLease,
  onLost: OnLost,
  fn: (lease: Lease) => Promise<T> | T,
): Promise<T> {
  lease.assertHeld();
  let outcome: { value: T } | { error: unknown };
  try {
    outcome = { value: await runUnder(manager, lease, () => fn(lease)) };
  } catch (error) {
    outcome = { error };
  }
  // Work that passes on why its signal aborted has said it already.
  if ('error' in outcome && outcome.error === lease.signal.reason) throw outcome.error;
  const cause = lease.lossCause;
  if (cause !== undefined && onLost === 'throw') {
    throw new LockLostError(lease.key, cause, 'error' in outcome ? { cause: outcome.error } : undefined);
  }
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}
