import { LockLostError } from '../core/errors.js';
import type { Lease, LeaseSet } from '../core/lease.js';
import type { HeldLease } from './held-lease.js';
import { runUnder, runUnderAll } from './lease-context.js';
import type { HeldSet } from './held-set.js';

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
  return lease.work.track(() => whileHeld(lease, onLost, () => runUnder(manager, lease, () => fn(lease))));
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

/**
 * As {@link runAndRelease}, under several leases, each of which knows that it is worked under; that of `firstKey` is the current
 * one. Those that the set has joined stay.
 */
export async function runAndReleaseAll<T>(
  manager: object,
  set: HeldSet,
  firstKey: string,
  onLost: OnLost,
  fn: (set: LeaseSet) => Promise<T> | T,
): Promise<T> {
  const leases = set.from(firstKey);
  const held = leases.map(({ lease }) => lease);
  try {
    return await trackOn(held, async () => {
      // One that was joined may have been released since.
      set.assertWhole();
      return whileHeld(set, onLost, () => runUnderAll(manager, leases, () => fn(set)));
    });
  } finally {
    while (set.own.some(({ work }) => !work.isIdle))
      await Promise.all(set.own.map(({ work }) => work.drained()));
    await set.release();
  }
}

/** Has each of the leases know that `work` runs under it. */
export function trackOn<T>(leases: readonly HeldLease[], work: () => Promise<T>): Promise<T> {
  return leases.reduce((tracked, lease) => () => lease.work.track(tracked), work)();
}

/** What work is done under. */
interface Holding {
  readonly signal: AbortSignal;
  /** Why what the work says does not count. */
  readonly loss: LockLostError | undefined;
  assertHeld(): void;
}

async function whileHeld<T>(held: Holding, onLost: OnLost, work: () => Promise<T> | T): Promise<T> {
  held.assertHeld();
  let outcome: { value: T } | { error: unknown };
  try {
    outcome = { value: await work() };
  } catch (error) {
    outcome = { error };
  }
  // Work that passes on why its signal aborted has said it already.
  if ('error' in outcome && outcome.error === held.signal.reason) throw outcome.error;
  const { loss } = held;
  if (loss !== undefined && onLost === 'throw') {
    const cause = 'error' in outcome ? { cause: outcome.error } : undefined;
    throw new LockLostError(loss.key, loss.lossCause, cause);
  }
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}
