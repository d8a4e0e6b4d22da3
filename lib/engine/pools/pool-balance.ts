import type { Lease, SlotLease } from '../../core/lease.js';
import type { ResolvedAcquire } from '../../core/options.js';
import { slotKey } from '../../core/slot-keys.js';
import type { HeldLease } from '../held-lease.js';
import { detached } from '../lease-context.js';
import type { SyncManager } from '../sync-manager.js';
import { TermHooks } from '../term-hooks.js';
import { asStoreError } from '../store-gateway.js';
import { Wakeup } from '../wakeup.js';
import { watchFreed } from '../watch-freed.js';
import { resolveBalance, type BalanceOptions, type ResolvedBalance } from './balance-options.js';
import { inspectSound, PoolMembers, type Membership } from './pool-members.js';
import type { SlotSource } from './slot-source.js';
import { SlotTenure } from './slot-tenure.js';

/** So soon it looks again at most, when somebody's time is over. */
const LEAST_PAUSE_MS = 10;
/** How many slots are looked at together, where the looks end the leases of the dead. */
const LOOK = 16;

/**
 * A replica's part in sharing out a pool: it holds as many slots as it would have if all replicas that take part had the same number,
 * and hands over what exceeds that. Who takes part, {@link PoolMembers} tells; nobody coordinates.
 */
export class PoolBalance<Slot extends number | string = number | string> {
  private readonly resolved: ResolvedBalance;
  private readonly acquire: ResolvedAcquire;
  private readonly members: PoolMembers;
  private readonly pause: Wakeup;
  private readonly subscription = new AbortController();
  /** In the order in which they began. */
  private readonly tenures = new Set<SlotTenure>();
  /** By key: a slot that comes back waits for the end of its work before. */
  private readonly hooks = new Map<string, TermHooks>();
  private readonly running: Promise<void>;
  private readonly detach: () => void;
  private share = 0;
  private notBeforeMs = -Infinity;
  private seeking: AbortController | null = null;
  private taking: Promise<void> = Promise.resolve();
  private stopping: Promise<void> | null = null;

  constructor(
    private readonly manager: SyncManager,
    poolName: string,
    private readonly source: SlotSource,
    private readonly options: BalanceOptions<Slot>,
  ) {
    this.resolved = resolveBalance(manager, source.key, options);
    const { timing } = this.resolved;
    this.acquire = manager.resolve(source.key, { ...timing, mustExist: source.isListed });
    this.pause = new Wakeup(manager.clock, { unref: true });
    const wake = (): void => this.pause.wake();
    this.members = new PoolMembers(manager, source.identity, poolName, timing, {
      onHeld: wake,
      onError: error => void this.cannotLook(error),
    });
    this.detach = manager.attach(this);
    this.running = detached(() => this.run());
    watchFreed(manager.store, slotKey(this.members.key, 0), wake, this.subscription.signal);
  }

  /** The slots that this replica holds now, and may work on. */
  get leases(): readonly SlotLease<Slot>[] {
    return this.active.map(({ lease }) => lease as HeldLease & { readonly slot: Slot });
  }

  /**
   * Takes no part any more: hands over all slots, each when its work has ended. Resolves when that is done, so that a hook must
   * not wait for it. Idempotent; never rejects. Closing the manager does the same.
   */
  stop(): Promise<void> {
    // A listener may call it again before the first call has returned.
    return (this.stopping ??= Promise.resolve().then(() => this.end()));
  }

  private get isStopping(): boolean {
    return this.stopping !== null;
  }

  private get active(): SlotTenure[] {
    return [...this.tenures].filter(tenure => !tenure.isLeaving);
  }

  private async end(): Promise<void> {
    this.share = 0;
    this.seeking?.abort();
    this.subscription.abort();
    // First, so that the others wait already for what is about to be given back.
    const left = this.members.leave();
    for (const tenure of this.tenures) tenure.leave();
    this.pause.wake();
    await Promise.all([left, this.running, this.taking]);
    await Promise.all([...this.tenures].map(({ done }) => done));
    this.detach();
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      const pauseMs = await this.look().catch((error: unknown) => this.cannotLook(error));
      if (!this.isStopping) await this.pause.pause(pauseMs);
    }
  }

  /** While the store does not answer, what is held stays. @returns how long to wait until the next look */
  private async look(): Promise<number> {
    const { checkEveryMs } = this.resolved;
    // A list that cannot be had now leaves those that are known.
    await this.source.refresh().catch((error: unknown) => this.cannotLook(error));
    const membership = await this.members.look();
    if (membership !== null) this.settle(shareOf(this.source.size, membership));
    if (this.manager.store.expiry === 'observed') await this.watchSlots();
    if (membership === null) return checkEveryMs;
    return Math.min(checkEveryMs, Math.max(membership.changesInMs + 1, LEAST_PAUSE_MS));
  }

  private cannotLook(error: unknown): number {
    const { checkEveryMs } = this.resolved;
    const facts = { key: this.source.key, error: asStoreError(this.manager.store.name, error) };
    this.manager.tell('acquire-delayed', { ...facts, reason: 'unavailable', retryInMs: checkEveryMs });
    return checkEveryMs;
  }

  /** Where contenders end leases, a slot can only be taken from the dead by who has watched it for its whole lease. */
  private async watchSlots(): Promise<void> {
    const own = new Set([...this.tenures].map(({ lease }) => lease.key));
    const keys = this.source.slots.flatMap(({ key }) => (own.has(key) ? [] : [key]));
    for (let first = 0; first < keys.length && !this.isStopping; first += LOOK)
      await Promise.all(keys.slice(first, first + LOOK).map(key => inspectSound(this.manager, key)));
  }

  private settle(share: number): void {
    if (this.isStopping) return;
    this.share = share;
    const { active } = this;
    for (const surplus of active.slice(share)) surplus.leave();
    if (active.length >= share) this.seeking?.abort();
    else if (this.manager.clock.monotonicMs() >= this.notBeforeMs) this.seek();
  }

  private seek(): void {
    if (this.seeking !== null) return;
    const seeking = (this.seeking = new AbortController());
    this.taking = this.take(seeking.signal).finally(() => (this.seeking = null));
  }

  /** Takes one slot after the other until it has its share. What goes wrong, the next look repairs. */
  private async take(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted && this.active.length < this.share)
        this.begin(await this.manager.demand(this.source, this.acquire, { signal, unref: true }));
    } catch (error) {
      if (!signal.aborted && !this.isStopping) this.cannotLook(error);
    }
  }

  private begin(lease: HeldLease): void {
    const { key } = lease;
    // The store may have lost a lease of which nobody has heard yet that it is over.
    for (const tenure of this.tenures) if (tenure.lease.key === key) tenure.leave();
    const hooks = this.hooks.get(key) ?? this.hooksOfSlot();
    this.hooks.set(key, hooks);
    const tenure = new SlotTenure(lease, hooks);
    this.tenures.add(tenure);
    if (this.isStopping) tenure.leave();
    void tenure.done.then(() => {
      this.tenures.delete(tenure);
      if (![...this.tenures].some(other => other.lease.key === key)) this.hooks.delete(key);
      // It may have been lost: then another is wanted.
      this.pause.wake();
    });
  }

  private hooksOfSlot(): TermHooks {
    const { options } = this;
    const listener = {
      onAcquired: (lease: Lease) => options.onSlotAcquired?.(lease as SlotLease<Slot>),
      onLost: (lease: Lease) => options.onSlotLost?.(lease as SlotLease<Slot>),
    };
    return new TermHooks(this.manager, listener, (hook, error, lease) => {
      // Work that passes on why its signal aborted has not failed.
      if (lease.signal.aborted && error === lease.signal.reason) return;
      const event = hook === 'acquired' ? 'onSlotAcquired' : 'onSlotLost';
      this.manager.tell('listener-error', { event, error });
      if (hook === 'acquired') this.giveBack(lease);
    });
  }

  private giveBack(lease: Lease): void {
    const failed = this.active.find(tenure => tenure.lease === lease);
    if (failed === undefined) return;
    this.notBeforeMs = this.manager.clock.monotonicMs() + this.resolved.ttlMs;
    this.seeking?.abort();
    failed.leave();
  }
}

/** How many of `slots` a member holds: as many as each other, or one more, so that together they hold all. */
function shareOf(slots: number, { size, rank }: Membership): number {
  return Math.floor(slots / size) + (rank < slots % size ? 1 : 0);
}
