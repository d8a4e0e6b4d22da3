import { LockTimeoutError, staysWithOthers, StoreUnavailableError } from '../core/errors.js';
import type { ElapsedTime } from '../core/lease-timing.js';
import type { ResolvedAcquire } from '../core/options.js';
import type { Clock } from '../core/ports.js';
import type { HeldLease } from './held-lease.js';
import { HeldSet } from './held-set.js';
import type { Demand, LeaseSource } from './wait.js';

/** What is to be acquired together. */
export interface SetDemand {
  /** As `assertKeys` has them: in the order that all processes keep, so that none waits for another in a circle. */
  readonly keys: readonly string[];
  readonly resolved: ResolvedAcquire;
  /** Those of the keys that the work around it holds. */
  readonly joined: readonly HeldLease[];
  readonly signal: AbortSignal | undefined;
}

/**
 * Acquires all keys or none, one after the other, within one wait. When one fails, or one that was acquired is lost meanwhile,
 * the others are given back before that is told.
 */
export async function acquireAll(
  source: LeaseSource,
  elapsed: ElapsedTime,
  { keys, resolved, joined, signal }: SetDemand,
): Promise<HeldSet> {
  const set = new HeldSet(keys, elapsed);
  const wait = new SharedWait(source.clock, resolved);
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal?.reason);
  try {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', onAbort, { once: true });
    set.signal.addEventListener('abort', () => stop.abort(set.signal.reason), { once: true });
    for (const lease of joined) set.join(lease);
    for (const key of keys.filter(each => !joined.some(lease => lease.key === each))) {
      set.add(await wait.demand(source, key, { signal: stop.signal }));
    }
    set.assertWhole();
    return set;
  } catch (error) {
    const reason = stop.signal.aborted ? error : wait.over(error);
    await set.giveBack();
    throw reason;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** One wait for several keys. */
class SharedWait {
  private readonly beganAt: number;

  constructor(
    private readonly clock: Clock,
    private readonly resolved: ResolvedAcquire,
  ) {
    this.beganAt = clock.monotonicMs();
  }

  /**
   * Acquires the next key. When the time is over, a key that is free is still taken: so it is when what was left for it by others
   * was too short for an answer.
   */
  async demand(source: LeaseSource, key: string, demand: Demand): Promise<HeldLease> {
    const { waitMs, commandTimeoutMs } = this.resolved.timing;
    const leftMs = Math.max(0, this.beganAt + waitMs - this.clock.monotonicMs());
    const isCutShort = leftMs > 0 && leftMs < Math.min(waitMs, commandTimeoutMs);
    try {
      return await source.demand(key, this.within(leftMs), demand);
    } catch (error) {
      if (!isCutShort || !(error instanceof StoreUnavailableError)) throw error;
      return source.demand(key, this.within(0), demand);
    }
  }

  private within(waitMs: number): ResolvedAcquire {
    return { ...this.resolved, timing: { ...this.resolved.timing, waitMs } };
  }

  /** A key that was held to the end has been waited for as long as all of them together. */
  over(error: unknown): unknown {
    const { waitMs } = this.resolved.timing;
    if (waitMs === 0 || !staysWithOthers(error)) return error;
    return new LockTimeoutError(error.key, this.clock.monotonicMs() - this.beganAt, error.holder);
  }
}
