import { isDistributedLockError } from '../../lib/core/errors.js';
import type { Lease, LeaseSet, SlotLease } from '../../lib/core/lease.js';
import type { AcquireOptions } from '../../lib/core/options.js';
import type { LeasePool } from '../../lib/engine/pools/lease-pool.js';
import type { NumberedSlots } from '../../lib/engine/pools/pool-options.js';
import type { Dice } from './dice.js';
import { STORE_ERRORS, type Expectations } from './expectations.js';
import { markSet } from './key-sets.js';
import { slotKeysOf, type PoolStepKind, type SimPool } from './pool-plan.js';
import type { Replica, World } from './replica.js';

/** What a client does with single leases, however it came by them. */
export interface LeaseWork {
  readonly dice: Dice;
  readonly expected: Expectations;
  /** Keys that no leadership has. */
  readonly ownKeys: readonly string[];
  readonly isStopped: boolean;
  options(): AcquireOptions;
  /** Loses patience after a while, and then hears of it in time. */
  leave(left: AbortController, acquiring: Promise<unknown>, heardWithinMs?: number): void;
  /** Works, and then releases, keeps on holding, or forgets. */
  use(lease: Lease): Promise<void>;
  work(lease: Lease): Promise<void>;
  /** A later step may release it, or renew it. */
  remember(lease: Lease): void;
}

/** What one client's application does with slots of pools, and with several keys at once. */
export class PoolWorkload {
  private readonly sets = new Set<LeaseSet>();
  private setsSoFar = 0;

  constructor(
    private readonly replica: Replica,
    private readonly world: World,
    private readonly leases: LeaseWork,
  ) {}

  step(kind: PoolStepKind): void {
    const { expected, dice } = this.leases;
    if (kind === 'acquireAll') return expected.outcome(this.acquireAll(), 'LOCK_LOST', ...STORE_ERRORS);
    if (kind === 'withKeys') return expected.outcome(this.withKeys(), 'LOCK_LOST', ...STORE_ERRORS);
    const pool = dice.pick(this.world.plan.pools);
    switch (kind) {
      case 'acquireAny':
        return expected.outcome(this.acquireAny(pool), ...STORE_ERRORS);
      case 'probeAny':
        return expected.outcome(this.probeAny(pool), ...STORE_ERRORS);
      case 'acquireUpTo':
        return expected.outcome(this.acquireUpTo(pool), ...STORE_ERRORS);
      case 'withSlot':
        return expected.outcome(
          expected.available(
            this.replica.track(
              this.poolOf(pool).withSlot(this.patient(), lease =>
                this.replica.atWork(() => this.leases.work(lease)),
              ),
            ),
          ),
          'LOCK_TIMEOUT',
          'LOCK_HELD',
          'LOCK_LOST',
          ...STORE_ERRORS,
        );
    }
  }

  /** Single leases of it that are still held may be released already. */
  releaseAll(): void {
    for (const set of this.sets) this.leases.expected.success(this.replica.track(set.release()));
  }

  private poolOf({ name, options }: SimPool): LeasePool {
    return this.replica.manager.pool(name, options as NumberedSlots);
  }

  private async acquireAny(pool: SimPool): Promise<void> {
    const { dice, expected } = this.leases;
    const left = new AbortController();
    const marks = expected.markAll(pool.name, slotKeysOf(pool));
    const startedMs = this.world.time.monotonicMs();
    const options = { ...this.patient(), signal: left.signal };
    const acquiring = expected.available(this.replica.track(this.poolOf(pool).acquireAny(options)));
    if (dice.chance(0.2)) this.leases.leave(left, acquiring);
    let lease: SlotLease;
    try {
      lease = await acquiring.finally(() => expected.noListener(left.signal));
    } catch (error) {
      const isTimeout = isDistributedLockError(error, 'LOCK_TIMEOUT');
      if (!isTimeout && !isDistributedLockError(error, 'LOCK_HELD')) throw error;
      // Who waits may rely on what another has seen here, for as long as a poll takes; who probes has each looked at.
      if (!isTimeout || this.isFound(pool)) expected.allHeld(marks, error.code);
      if (isTimeout) expected.noSlotFree(marks, startedMs);
      return;
    }
    await this.leases.use(lease);
  }

  /** Whether the store finds a free slot by itself. */
  private isFound({ options }: SimPool): boolean {
    return 'slots' in options && this.world.plan.store !== 'dynamodb';
  }

  /** Where slots are looked at one by one, who waits for less than it takes to look at all is told of no holder. */
  private patient(): AcquireOptions {
    const options = this.leases.options();
    const leastMs = this.world.plan.ttlMs / 2;
    return options.wait === 0 ? options : { ...options, wait: Math.max(leastMs, options.wait as number) };
  }

  private async probeAny(pool: SimPool): Promise<void> {
    const { expected } = this.leases;
    const marks = expected.markAll(pool.name, slotKeysOf(pool));
    const lease = await expected.available(this.replica.track(this.poolOf(pool).tryAcquireAny()));
    if (lease !== null) return this.leases.use(lease);
    expected.allHeld(marks, 'null');
  }

  private async acquireUpTo(pool: SimPool): Promise<void> {
    const { expected, dice } = this.leases;
    const marks = expected.markAll(pool.name, slotKeysOf(pool));
    const count = 1 + dice.below(slotKeysOf(pool).length);
    const leases = await expected.available(this.replica.track(this.poolOf(pool).acquireUpTo(count)));
    if (leases.length < count) expected.allHeld(marks, `${leases.length} of ${count}`);
    await Promise.all(leases.map(lease => this.leases.use(lease)));
  }

  /** Two or three keys, in any order, with what tells their leases from others. */
  private drawSet(): { keys: string[]; id: string; options: AcquireOptions } {
    const { dice, ownKeys } = this.leases;
    const keys = [...ownKeys];
    while (keys.length > 2 && dice.chance(0.5)) keys.splice(dice.below(keys.length), 1);
    if (dice.chance(0.5)) keys.reverse();
    const id = `${this.replica.name}/${++this.setsSoFar}`;
    return { keys, id, options: markSet(this.leases.options(), id) };
  }

  private async acquireAll(): Promise<void> {
    const { expected, dice } = this.leases;
    const { keys, id, options } = this.drawSet();
    const left = new AbortController();
    const acquiring = expected.available(
      this.replica.track(this.replica.manager.acquireAll(keys, { ...options, signal: left.signal })),
    );
    // What is acquired already is given back before that is told.
    if (dice.chance(0.2)) this.leases.leave(left, acquiring, this.world.plan.ttlMs / 2);
    let set: LeaseSet;
    try {
      set = await acquiring.finally(() => expected.noListener(left.signal));
    } catch (error) {
      expected.noneOf(id);
      if (isDistributedLockError(error, 'LOCK_TIMEOUT') || isDistributedLockError(error, 'LOCK_HELD')) return;
      throw error;
    }
    await this.useSet(set);
  }

  private async withKeys(): Promise<void> {
    const { expected } = this.leases;
    const { keys, id, options } = this.drawSet();
    const work = (set: LeaseSet): Promise<void> => this.replica.atWork(() => this.workUnder(set));
    const working = this.replica.track(this.replica.manager.withLock(keys, options, work));
    try {
      await expected.available(working);
    } catch (error) {
      if (isDistributedLockError(error, 'LOCK_TIMEOUT') || isDistributedLockError(error, 'LOCK_HELD')) return;
      throw error;
    } finally {
      expected.noneOf(id);
    }
  }

  /** As a single lease is used; but whoever holds a set must release it, also when one of its keys was lost. */
  private async useSet(set: LeaseSet): Promise<void> {
    const { dice } = this.leases;
    this.sets.add(set);
    for (const lease of set.leases) this.leases.remember(lease);
    const isKept = !this.leases.isStopped && dice.chance(0.3);
    if (!isKept) await this.workUnder(set);
    if (isKept || (!this.leases.isStopped && dice.chance(0.1))) {
      // Released by itself each leaves the set, until nothing is left; the loss of one ends it at once.
      if (!set.signal.aborted)
        await new Promise(resolve => set.signal.addEventListener('abort', resolve, { once: true }));
    }
    if (dice.chance(0.1))
      this.leases.expected.outcome(set.renew(), 'LOCK_LOST', 'LOCK_RELEASED', ...STORE_ERRORS);
    await this.replica.track(set.release());
    this.sets.delete(set);
  }

  private async workUnder(set: LeaseSet): Promise<void> {
    await this.leases.work(this.leases.dice.pick(set.leases));
  }
}
