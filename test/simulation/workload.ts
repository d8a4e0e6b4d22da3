import { isDistributedLockError } from '../../lib/core/errors.js';
import type { Lease } from '../../lib/core/lease.js';
import type { AcquireOptions } from '../../lib/core/options.js';
import { Dice } from './dice.js';
import type { FencedResource } from './fenced-resource.js';
import { Expectations, LEFT, STORE_ERRORS } from './expectations.js';
import { ownKeysOf, type StepKind } from './plan.js';
import { ownSlotKeys, type PoolStepKind } from './pool-plan.js';
import { PoolWorkload, type LeaseWork } from './pool-workload.js';
import type { Replica, World } from './replica.js';

/** What one client's application does: sections under locks, campaigns, and what an operator does by hand. */
export class Workload implements LeaseWork {
  readonly dice: Dice;
  /** Those that nobody works under, or not only. */
  private readonly leases = new Set<Lease>();
  private readonly writes = new WeakMap<Lease, number>();
  readonly expected: Expectations;
  private readonly pools: PoolWorkload;
  private hasStopped = false;

  constructor(
    private readonly replica: Replica,
    private readonly world: World,
    private readonly resource: FencedResource,
  ) {
    this.expected = new Expectations(replica, world);
    this.pools = new PoolWorkload(replica, world, this);
    this.dice = new Dice(`work-${world.plan.seed}-${replica.name}`);
    this.next();
  }

  /** Nothing new is begun. */
  stop(): void {
    this.hasStopped = true;
  }

  /** As above, and what is held is released. */
  stopAndRelease(): void {
    this.stop();
    for (const lease of this.leases) this.expected.success(lease.release());
    this.pools.releaseAll();
    for (const key of this.ownKeys) this.expected.success(this.replica.manager.lock(key).release());
  }

  get isStopped(): boolean {
    return this.hasStopped;
  }

  get ownKeys(): readonly string[] {
    return ownKeysOf(this.world.plan);
  }

  remember(lease: Lease): void {
    this.leases.add(lease);
  }

  private next(): void {
    if (this.isStopped) return;
    const { dice, world, replica } = this;
    // As an application's own timers.
    replica.machine.startTimer(dice.between(0, 2 * world.plan.stepMs), () => {
      if (this.isStopped) return;
      this.step(dice.weighted({ ...world.plan.weights, ...world.plan.poolWeights }));
      this.next();
    });
  }

  private step(kind: StepKind | PoolStepKind): void {
    const { dice, replica } = this;
    const { manager } = replica;
    const key = dice.pick(this.ownKeys);
    switch (kind) {
      case 'acquire':
        return this.expected.outcome(this.acquire(key), 'LOCK_TIMEOUT', ...STORE_ERRORS);
      case 'probe':
        return this.expected.outcome(this.probe(key), ...STORE_ERRORS);
      case 'withLock':
        return this.expected.outcome(
          this.expected.available(
            replica.track(
              manager.withLock(key, this.options(), lease => replica.atWork(() => this.work(lease))),
            ),
          ),
          'LOCK_TIMEOUT',
          'LOCK_HELD',
          'LOCK_LOST',
          ...STORE_ERRORS,
        );
      case 'campaign': {
        const lock = manager.lock(key);
        const chance = dice.below(3);
        if (chance === 0) return this.expected.success(this.replica.track(lock.release()));
        const held = chance === 1 ? lock.lock() : lock.tryLock();
        return this.expected.outcome(
          this.replica.track(held),
          'LOCK_RELEASED',
          'LOCK_HELD',
          'LOCK_MANAGER_CLOSED',
        );
      }
      case 'renew':
        return this.renew();
      case 'release': {
        const lease = this.anyLease();
        if (lease !== undefined)
          this.expected.success(this.replica.track(lease.release(this.releaseWrites(lease))));
        return;
      }
      case 'revoke':
        return this.expected.outcome(this.revoke(this.revocable(key)), ...STORE_ERRORS);
      case 'look':
        return this.expected.outcome(this.replica.track(manager.inspect(key)), ...STORE_ERRORS);
      case 'resign':
        if (replica.leadership !== null)
          this.expected.success(this.replica.track(replica.leadership.resign()));
        return;
      default:
        this.pools.step(kind);
    }
  }

  options(): AcquireOptions {
    const { dice } = this;
    const { ttlMs, maxTtlMs } = this.world.plan;
    return {
      wait: dice.chance(0.2) ? 0 : ttlMs * dice.scale(0.2, 4),
      ...(dice.chance(0.2) && { ttl: dice.between(ttlMs / 2, maxTtlMs) }),
      ...(dice.chance(0.1) && { holdAtLeast: dice.between(0, ttlMs) }),
      ...(dice.chance(0.1) && { renewEvery: false as const }),
    };
  }

  private async acquire(key: string): Promise<void> {
    const { dice } = this;
    const left = new AbortController();
    const options = this.options();
    const mark = this.expected.mark(key);
    const startedMs = this.world.time.monotonicMs();
    const acquiring = this.expected.available(
      this.replica.track(this.replica.manager.acquire(key, { ...options, signal: left.signal })),
    );
    if (dice.chance(0.2)) this.leave(left, acquiring);
    let lease: Lease;
    try {
      lease = await acquiring.finally(() => this.expected.noListener(left.signal));
    } catch (error) {
      if (isDistributedLockError(error, 'LOCK_TIMEOUT') || isDistributedLockError(error, 'LOCK_HELD'))
        this.expected.held(key, mark, error.code);
      else throw error;
      if (error.code === 'LOCK_TIMEOUT') this.expected.noneFree(key, mark, startedMs);
      return;
    }
    await this.use(lease);
  }

  /** Loses patience after a while, and then hears of it in time. */
  leave(left: AbortController, acquiring: Promise<unknown>, heardWithinMs = 0): void {
    const { machine, name } = this.replica;
    const { oracle, plan } = this.world;
    let isSettled = false;
    const settled = (): void => void (isSettled = true);
    acquiring.then(settled, settled);
    machine.startTimer(this.dice.between(0, plan.ttlMs), () => {
      left.abort(LEFT);
      machine.startTimer(heardWithinMs, () => {
        if (!isSettled) oracle.violated('a wait ends when its signal aborts', name);
      });
    });
  }

  private revocable(key: string): string {
    const slots = ownSlotKeys(this.world.plan);
    return slots.length > 0 && this.dice.chance(0.4) ? this.dice.pick(slots) : key;
  }

  /** Ends somebody's grant: it must be over when its time is. */
  private async revoke(key: string): Promise<void> {
    const { oracle, time, plan } = this.world;
    const grant = oracle.revoking(key);
    if (grant === undefined) return;
    const { fencingToken } = grant;
    const isFound = await this.replica.track(this.replica.manager.revoke(key, { fencingToken }));
    if (!isFound || grant.isExempt) return;
    time.startTimer(2 * plan.maxTtlMs, () => {
      if (!oracle.isRewound && oracle.beliefIn(grant).now)
        oracle.violated('what is revoked ends', `${grant.owner} still holds ${key}`);
    });
  }

  private async probe(key: string): Promise<void> {
    const { world, replica } = this;
    const mark = this.expected.mark(key);
    const startedMs = world.time.monotonicMs();
    const isDead = mark?.lastGrant !== undefined && mark.wasHeld && world.isLongDead(mark.lastGrant);
    const lease = await this.expected.available(replica.track(replica.manager.tryAcquire(key)));
    if (lease !== null) return this.use(lease);
    this.expected.held(key, mark, 'null');
    // A revoke changes the record of a dead holder, too, which looks like life.
    const isUntouched =
      world.oracle.lastGrant(key) === mark?.lastGrant && mark?.lastGrant?.isRevoked === false;
    if (isDead && isUntouched && this.expected.quietSince(startedMs))
      world.oracle.violated(
        'a probe takes over from the dead',
        `${replica.name} was told that ${key} is held`,
      );
  }

  /** Works, and then releases, keeps on holding, or forgets. */
  async use(lease: Lease): Promise<void> {
    this.leases.add(lease);
    // Taken over by somebody who holds it until a later step releases it.
    if (!this.isStopped && this.dice.chance(0.3)) return;
    await this.work(lease);
    if (this.isStopped || this.dice.chance(0.9))
      await this.replica.track(lease.release(this.releaseWrites(lease)));
  }

  async work(lease: Lease): Promise<void> {
    const { dice, world } = this;
    const rounds = 1 + dice.below(4);
    for (let round = 0; round < rounds && !this.isStopped; round++) {
      await this.sleep(dice.between(0, world.plan.workMs / rounds));
      if (!lease.isHeld) return;
      // Between looking and acting, anything may happen.
      this.access(lease, dice.chance(0.9) ? dice.between(0, 5) : dice.between(0, world.plan.ttlMs));
    }
  }

  private access(lease: Lease, afterMs: number): void {
    const grant = this.world.oracle.grantOf(lease);
    if (grant === undefined) return;
    this.world.time.startTimer(afterMs, () => this.resource.access(grant, lease.fencingToken));
  }

  private renew(): void {
    const lease = this.anyLease();
    if (lease === undefined) return;
    const { dice, world } = this;
    const ttl = dice.chance(0.3) ? dice.between(world.plan.ttlMs / 2, world.plan.maxTtlMs) : undefined;
    if (dice.chance(0.3)) return this.expected.renewal(lease, this.replica.track(lease.renew({ ttl })));
    const { value, acked } = this.writing(lease);
    this.expected.renewal(lease, this.replica.track(lease.renew({ ttl, data: value })).then(acked));
  }

  private releaseWrites(lease: Lease): { data?: string } {
    return this.dice.chance(0.7) ? {} : { data: this.writing(lease).value };
  }

  private writing(lease: Lease): { value: string; acked: () => void } {
    const sequence = (this.writes.get(lease) ?? 0) + 1;
    this.writes.set(lease, sequence);
    const value = `${lease.owner} ${sequence}`;
    const grant = this.world.oracle.grantOf(lease)!;
    return { value, acked: this.world.oracle.data.writing(grant, value, sequence) };
  }

  private anyLease(): Lease | undefined {
    for (const lease of this.leases) if (!lease.isHeld) this.leases.delete(lease);
    const held = [...this.leases];
    return held.length === 0 ? undefined : this.dice.pick(held);
  }

  private sleep(ms: number): Promise<void> {
    return new Promise(resolve => void this.replica.machine.startTimer(ms, resolve));
  }
}
