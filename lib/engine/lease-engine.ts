import { ManagerClosedError } from '../core/errors.js';
import { EventHub } from '../core/events.js';
import type { HolderInfo } from '../core/lease-store.js';
import { ElapsedTime } from '../core/lease-timing.js';
import type { ResolvedAcquire, ResolvedManager } from '../core/options.js';
import type { Clock, RandomSource } from '../core/ports.js';
import { isoTime, processInfo } from '../platform/process-info.js';
import { AbandonedOwners } from './abandoned-owners.js';
import type { ContentionServices } from './contending.js';
import { Deadlines } from './deadlines.js';
import type { HeldLease } from './held-lease.js';
import { KeyQueue } from './key-queue.js';
import { PoolQueue } from './pools/pool-queue.js';
import type { SlotSource } from './pools/slot-source.js';
import { Releaser } from './releaser.js';
import { RenewalScheduler } from './renewal-scheduler.js';
import { StoreGateway } from './store-gateway.js';
import { Wait, type Demand, type WaitServices } from './wait.js';
import type { WaitingRoom } from './waiting-room.js';
import { within } from './within.js';

/** Leases of one manager: who holds and who waits, per key and pool; and the end of it all. */
export class LeaseEngine {
  readonly events = new EventHub();
  readonly elapsed: ElapsedTime;
  readonly gateway: StoreGateway;
  private readonly queues = new Map<string, KeyQueue>();
  private readonly pools = new Map<string, PoolQueue>();
  private readonly services: ContentionServices & WaitServices;
  private readonly identity = processInfo();
  private holder: { readonly atMs: number; readonly info: HolderInfo } | null = null;
  private hasBegunToClose = false;

  constructor(
    private readonly manager: ResolvedManager,
    readonly clock: Clock,
    random: RandomSource,
  ) {
    const { store } = manager;
    const { events } = this;
    const elapsed = (this.elapsed = new ElapsedTime(clock));
    const deadlines = new Deadlines(clock);
    const gateway = (this.gateway = new StoreGateway(store, deadlines));
    this.services = {
      clock,
      random,
      elapsed,
      deadlines,
      gateway,
      events,
      storeName: store.name,
      scheduler: new RenewalScheduler(clock, elapsed, gateway),
      releaser: new Releaser(clock, elapsed, random, gateway, events),
      abandoned: new AbandonedOwners(elapsed),
      describeHolder: () => this.describeHolder(),
    };
  }

  get isClosing(): boolean {
    return this.hasBegunToClose;
  }

  /**
   * Waits for the key, or for any slot of the pool, as its timing says; `waitMs` 0 asks for a definite answer.
   * @throws LockHeldError, LockTimeoutError, StoreUnavailableError, StoreRejectedError, CorruptLeaseError,
   *   ManagerClosedError; the signal's reason
   */
  acquire(wanted: string | SlotSource, resolved: ResolvedAcquire, demand: Demand): Promise<HeldLease> {
    return new Promise((resolve, reject) => {
      demand.signal?.throwIfAborted();
      if (this.isClosing) throw new ManagerClosedError();
      const room = typeof wanted === 'string' ? this.queueOf(wanted) : this.poolQueueOf(wanted);
      new Wait(room, resolved, demand, this.services, resolve, reject).begin();
      // Entering looks at the clock, and a listener of a loss that it finds may close the manager.
      if (this.isClosing) room.rejectAll(new ManagerClosedError());
    });
  }

  /** Rejects all who wait; nothing is acquired from now on. */
  beginClose(): void {
    this.hasBegunToClose = true;
    for (const room of this.rooms) room.rejectAll(new ManagerClosedError());
  }

  /**
   * Lets work under leases end, and releases them, within `timeoutMs` in all. A lease whose work has not ended by then is
   * given up to its TTL. Call after {@link beginClose}. Never rejects.
   */
  async close(timeoutMs: number): Promise<void> {
    const { releaser } = this.services;
    const deadline = this.clock.monotonicMs() + timeoutMs;
    this.endIdle();
    await within(this.clock, timeoutMs, Promise.all(this.leases.map(lease => lease.work.drained())));
    this.endIdle();
    for (const lease of this.leases) lease.abandon();
    await within(this.clock, Math.max(0, deadline - this.clock.monotonicMs()), releaser.settled());
    releaser.stop();
    // Nobody waits any more: what is left are commands without an answer.
    this.services.deadlines.expireAll();
  }

  private get leases(): HeldLease[] {
    return this.rooms.flatMap(({ held }) => held);
  }

  private get rooms(): WaitingRoom[] {
    return [...this.queues.values(), ...this.pools.values()];
  }

  private endIdle(): void {
    const { releaser } = this.services;
    for (const lease of this.leases) if (lease.work.isIdle) releaser.inBackground(lease.release());
  }

  private queueOf(key: string): KeyQueue {
    let queue = this.queues.get(key);
    if (queue === undefined) {
      queue = new KeyQueue(key, this.services, this.forget);
      this.queues.set(key, queue);
    }
    return queue;
  }

  private readonly forget = (queue: WaitingRoom): void => {
    if (this.queues.get(queue.key) === queue) this.queues.delete(queue.key);
  };

  private poolQueueOf(source: SlotSource): PoolQueue {
    const { identity } = source;
    let queue = this.pools.get(identity);
    if (queue === undefined) {
      queue = new PoolQueue(source, this.services, idle => {
        if (this.pools.get(identity) === idle) this.pools.delete(identity);
      });
      this.pools.set(identity, queue);
    }
    queue.use(source);
    return queue;
  }

  /** The same object for all that are granted in one millisecond: a store has to encode it once only. */
  private describeHolder(): HolderInfo {
    const nowMs = Math.floor(this.elapsed.lastWallMs);
    if (this.holder?.atMs !== nowMs) {
      const { service, url } = this.manager;
      this.holder = { atMs: nowMs, info: { service, ...this.identity, url, since: isoTime(nowMs) } };
    }
    return this.holder.info;
  }
}
