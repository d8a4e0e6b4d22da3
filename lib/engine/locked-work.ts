import { LockLostError } from '../core/errors.js';
import type { Lease } from '../core/lease.js';
import type { HeldLease } from './held-lease.js';
import { runUnder } from './lease-context.js';

/** What to do when a lease was lost before its work ended. */
export type OnLost = 'throw' | 'ignore';

/**
 * Runs `fn` under `lease`, unless that is over already. Whether it was lost by the end counts for more than what `fn`
 * says. The lease knows that it is worked under.
 */
export function runToEnd<T>(
  manager: object,
  lease: HeldLease,
  onLost: OnLost,
  fn: (lease: Lease) => Promise<T> | T,
): Promise<T> {
  return lease.work.track(async () => {
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
  });
}

/** As {@link runToEnd}, then releases the lease, when all who have joined that work have ended, too. */
export async function runAndRelease<T>(
  manager: object,
  lease: HeldLease,
  onLost: OnLost,
  fn: (lease: Lease) => Promise<T> | T,
): Promise<T> {
  try {
    return await runToEnd(manager, lease, onLost, fn);
  } finally {
    await lease.work.drained();
    await lease.release();
  }
}
