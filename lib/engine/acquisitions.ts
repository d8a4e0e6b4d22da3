import {
  isDistributedLockError,
  SelfDeadlockError,
  staysWithOthers,
  type LockHeldError,
  type LockTimeoutError,
} from '../core/errors.js';
import { assertKeys } from '../core/keys.js';
import type { Lease, LeaseSet } from '../core/lease.js';
import type { ElapsedTime } from '../core/lease-timing.js';
import {
  checkOneData,
  checkWithLock,
  type AcquireOptions,
  type ResolvedAcquire,
  type WithLockOptions,
} from '../core/options.js';
import { acquireAll } from './acquire-all.js';
import type { HeldLease } from './held-lease.js';
import { enclosingKeys, enclosingLease } from './lease-context.js';
import type { HeldSet } from './held-set.js';
import type { LockOrder } from './lock-order.js';
import { runAndRelease, runAndReleaseAll, runToEnd, trackOn } from './locked-work.js';
import type { LeaseSource } from './wait.js';

/** What became of work that was to run under a lock. */
export type LockedRun<T> =
  | { readonly ran: true; readonly value: T }
  | { readonly ran: false; readonly error: LockTimeoutError | LockHeldError };

/** What acquisitions need of their manager, whose the keys are. */
export interface AcquiringManager extends LeaseSource {
  resolve(key: string, options: AcquireOptions): ResolvedAcquire;
}

/** How callers of a manager acquire: one key or several, with work to run under them or without. */
export class Acquisitions {
  constructor(
    private readonly manager: AcquiringManager,
    private readonly elapsed: ElapsedTime,
    private readonly order: LockOrder | null,
  ) {}

  one(key: string, options: AcquireOptions): Promise<HeldLease> {
    const resolved = this.manager.resolve(key, options);
    this.noteOrder([key], resolved);
    return this.manager.demand(key, resolved, { signal: options.signal });
  }

  all(written: readonly string[], options: AcquireOptions): Promise<HeldSet> {
    const keys = assertKeys(written);
    return this.together(keys, this.resolveAll(keys, options), options, []);
  }

  /** Runs `fn` under one key. */
  async run<T>(
    key: string,
    options: WithLockOptions,
    fn: (lease: Lease) => Promise<T> | T,
  ): Promise<LockedRun<T>> {
    checkWithLock(options);
    const { manager } = this;
    const resolved = manager.resolve(key, options);
    const outer = enclosingLease(manager, held => held === key);
    const acquire = (): Promise<HeldLease> => {
      this.noteOrder([key], resolved);
      return manager.demand(key, resolved, { signal: options.signal });
    };
    return runOrJoin({ manager, key, outer, resolved, options, acquire }, fn);
  }

  /** Runs `fn` under several keys. */
  async runAll<T>(
    written: readonly string[],
    options: WithLockOptions,
    fn: (set: LeaseSet) => Promise<T> | T,
  ): Promise<LockedRun<T>> {
    checkWithLock(options);
    const { ifNested, onLost = 'throw' } = options;
    const keys = assertKeys(written);
    const resolved = this.resolveAll(keys, options);
    const outers = keys.flatMap(key => enclosingLease(this.manager, held => held === key) ?? []);
    if (outers.length > 0 && ifNested !== 'join' && resolved.timing.waitMs > 0)
      throw new SelfDeadlockError(outers[0]!.key);
    const joined = ifNested === 'join' ? outers : [];
    const firstKey = written[0]!;
    // What is joined has to stay while the others are waited for.
    return trackOn(joined, () =>
      runIfAcquired(
        () => this.together(keys, resolved, options, joined),
        set => runAndReleaseAll(this.manager, set, firstKey, onLost, fn),
      ),
    );
  }

  private together(
    keys: readonly string[],
    resolved: ResolvedAcquire,
    { signal }: AcquireOptions,
    joined: readonly HeldLease[],
  ): Promise<HeldSet> {
    this.noteOrder(keys, resolved);
    return acquireAll(this.manager, this.elapsed, { keys, resolved, joined, signal });
  }

  private resolveAll(keys: readonly string[], options: AcquireOptions): ResolvedAcquire {
    checkOneData(keys, options);
    return this.manager.resolve(keys[0]!, options);
  }

  /** Whoever does not wait waits for nobody in a circle. */
  private noteOrder(keys: readonly string[], { timing }: ResolvedAcquire): void {
    if (this.order === null || timing.waitMs === 0) return;
    const held = enclosingKeys(this.manager);
    if (held.length > 0) this.order.note(held, keys);
  }
}

/** One key, or any slot of one pool, that work is to run under. */
interface Guarding {
  readonly manager: object;
  readonly key: string;
  /** What this chain of calls holds of it already. */
  readonly outer: HeldLease | undefined;
  readonly resolved: ResolvedAcquire;
  readonly options: WithLockOptions;
  readonly acquire: () => Promise<HeldLease>;
}

/**
 * Runs `fn` under what `acquire` brings, or under what this chain of calls holds already where that is joined.
 * @throws SelfDeadlockError when this chain of calls would wait for what it holds
 */
export async function runOrJoin<T>(
  { manager, key, outer, resolved, options, acquire }: Guarding,
  fn: (lease: Lease) => Promise<T> | T,
): Promise<LockedRun<T>> {
  const { ifNested, onLost = 'throw' } = options;
  if (outer !== undefined) {
    if (ifNested === 'join') return { ran: true, value: await runToEnd(manager, outer, onLost, fn) };
    if (resolved.timing.waitMs > 0) throw new SelfDeadlockError(key);
  }
  return runIfAcquired(acquire, lease => runAndRelease(manager, lease, onLost, fn));
}

/** A key that stays with others is an answer; whatever else `acquire` says is thrown. */
async function runIfAcquired<H, T>(
  acquire: () => Promise<H>,
  run: (held: H) => Promise<T>,
): Promise<LockedRun<T>> {
  let held: H;
  try {
    held = await acquire();
  } catch (error) {
    if (staysWithOthers(error)) return { ran: false, error };
    throw error;
  }
  return { ran: true, value: await run(held) };
}

/** @returns what `acquire` brings; `null` where another holds a key */
export async function nullIfHeld<T>(acquire: () => Promise<T>): Promise<T | null> {
  try {
    return await acquire();
  } catch (error) {
    if (isDistributedLockError(error, 'LOCK_HELD')) return null;
    throw error;
  }
}
