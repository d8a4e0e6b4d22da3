import { ManagerClosedError } from '../core/errors.js';
import { EventHub } from '../core/events.js';
import type { HolderInfo } from '../core/lease-store.js';
import { ElapsedTime } from '../core/lease-timing.js';
import type { ResolvedAcquire, ResolvedManager } from '../core/options.js';
import type { Clock, RandomSource, Timer } from '../core/ports.js';
import { isoTime, processInfo } from '../platform/process-info.js';
import { AbandonedOwners } from './abandoned-owners.js';
import type { ContentionServices, Obstacle } from './contender.js';
import type { HeldLease } from './held-lease.js';
import { KeyQueue, type Waiter } from './key-queue.js';
import { Releaser } from './releaser.js';
import { RenewalScheduler } from './renewal-scheduler.js';
import { StoreGateway } from './store-gateway.js';
import { within } from './within.js';

/** How somebody waits for a key. */
export interface Demand {
  /** Ends the wait. */
  readonly signal?: AbortSignal;
  /** Whether the wait alone lets the process end. @default false */
  readonly unref?: boolean;
  readonly onBlocked?: (obstacle: Obstacle) => void;
}

/** Leases of one manager: who holds and who waits, per key; and the end of it all. */
export class LeaseEngine {
  readonly events = new EventHub();
  readonly elapsed: ElapsedTime;
  readonly gateway: StoreGateway;
  private readonly queues = new Map<string, KeyQueue>();
  private readonly services: ContentionServices;
  private readonly identity = processInfo();
  private hasBegunToClose = false;

  constructor(
    private readonly manager: ResolvedManager,
    readonly clock: Clock,
    random: RandomSource,
  ) {
    const { store } = manager;
    const { events } = this;
    const elapsed = (this.elapsed = new ElapsedTime(clock));
    const gateway = (this.gateway = new StoreGateway(store, clock));
    this.services = {
      clock,
      random,
      elapsed,
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
   * Waits for the key as its timing says; `waitMs` 0 asks for a definite answer.
   * @throws LockHeldError, LockTimeoutError, StoreUnavailableError, StoreRejectedError, CorruptLeaseError,
   *   ManagerClosedError; the signal's reason
   */
  async acquire(key: string, resolved: ResolvedAcquire, demand: Demand): Promise<HeldLease> {
    demand.signal?.throwIfAborted();
    if (this.isClosing) throw new ManagerClosedError();
    return new Promise((resolve, reject) => this.enqueue(key, resolved, demand, resolve, reject));
  }

  /** Rejects all who wait; nothing is acquired from now on. */
  beginClose(): void {
    this.hasBegunToClose = true;
    for (const queue of [...this.queues.values()]) queue.rejectAll(new ManagerClosedError());
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
    this.gateway.stop();
  }

  private get leases(): HeldLease[] {
    return [...this.queues.values()].flatMap(({ lease }) => lease ?? []);
  }

  private endIdle(): void {
    const { releaser } = this.services;
    for (const lease of this.leases) if (lease.work.isIdle) releaser.inBackground(lease.release());
  }

  private enqueue(
    key: string,
    resolved: ResolvedAcquire,
    { signal, unref = false, onBlocked }: Demand,
    resolve: (lease: HeldLease) => void,
    reject: (error: unknown) => void,
  ): void {
    const { waitMs, commandTimeoutMs } = resolved.timing;
    const isProbe = waitMs === 0;
    let deadline: Timer | null = null;
    let isOver = false;
    const settle = (): void => {
      isOver = true;
      deadline?.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    const waiter: Waiter = {
      resolved,
      isProbe,
      unref,
      waitingSince: this.elapsed.now(),
      get isOver() {
        return isOver;
      },
      granted: lease => (settle(), resolve(lease)),
      failed: error => (settle(), reject(error)),
      blocked: onBlocked,
    };
    const queue = this.queueOf(key);
    const onAbort = (): void => {
      queue.leave(waiter);
      settle();
      reject(signal!.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    // A probe has time for one attempt and one more, should the first bring no answer; and once for the lease of a holder
    // who may be dead.
    const probeMs = 2 * commandTimeoutMs;
    const limitMs = isProbe ? probeMs : waitMs;
    let isExtended = !isProbe;
    const onTimeout = (): void => {
      const undecidedMs = isExtended ? 0 : queue.undecidedForMs;
      isExtended = true;
      if (undecidedMs > 0) return startDeadline(undecidedMs + probeMs);
      const error = queue.timeoutError(waiter);
      queue.leave(waiter);
      waiter.failed(error);
    };
    const startDeadline = (ms: number): void => {
      deadline = this.clock.startTimer(ms, onTimeout, { unref });
    };
    if (limitMs !== Infinity) startDeadline(limitMs);
    queue.enter(waiter);
    // Entering looks at the clock, and a listener of a loss that it finds may close the manager.
    if (this.isClosing) queue.rejectAll(new ManagerClosedError());
  }

  private queueOf(key: string): KeyQueue {
    let queue = this.queues.get(key);
    if (queue === undefined) {
      const created = new KeyQueue(key, this.services, () => {
        if (this.queues.get(key) === created) this.queues.delete(key);
      });
      this.queues.set(key, (queue = created));
    }
    return queue;
  }

  private describeHolder(): HolderInfo {
    const { service, url } = this.manager;
    return { service, ...this.identity, url, since: isoTime(this.clock.wallMs()) };
  }
}
