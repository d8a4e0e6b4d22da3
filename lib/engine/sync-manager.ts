import { DEFAULT_SHUTDOWN_TIMEOUT_MS } from '../core/defaults.js';
import { OptionsInvalidError } from '../core/errors.js';
import type { LockEventListener, LockEvents } from '../core/events.js';
import { invoke } from '../core/invoke.js';
import { assertKey } from '../core/keys.js';
import type { CallOptions, LeaseRecord, LeaseStore } from '../core/lease-store.js';
import type { Leadership, Lease, LeaseSet, Lock } from '../core/lease.js';
import {
  resolveAcquire,
  resolveManager,
  type AcquireOptions,
  type ResolvedAcquire,
  type ResolvedManager,
  type SyncManagerOptions,
  type WithLockOptions,
} from '../core/options.js';
import type { Clock, LockLogger, RandomSource } from '../core/ports.js';
import { isProduction } from '../platform/process-info.js';
import { systemClock } from '../platform/system-clock.js';
import { systemRandom } from '../platform/system-random.js';
import { Acquisitions, nullIfHeld, type LockedRun } from './acquisitions.js';
import type { HeldLease } from './held-lease.js';
import { LeaseEngine } from './lease-engine.js';
import { LockOrder } from './lock-order.js';
import { LockRegistry } from './lock-registry.js';
import { poolOf, type LeasePool } from './pools/lease-pool.js';
import type { ListedSlots, NamedSlots, NumberedSlots, PoolOptions } from './pools/pool-options.js';
import type { SlotSource } from './pools/slot-source.js';
import { SharedLock } from './shared-lock.js';
import type { Demand } from './wait.js';
import { within } from './within.js';

/** What a manager takes from its process; tests bring their own. */
export interface ManagerEnvironment {
  /** @default the clocks of this process */
  clock?: Clock;
  /** @default the random source of this process */
  random?: RandomSource;
  /** @default silent */
  logger?: LockLogger;
  /**
   * Whether to warn, once for each pair of keys and with both stacks, when nested acquisitions take two keys in opposite orders.
   * @default unless NODE_ENV is 'production'
   */
  warnsOfLockOrder?: boolean;
}

/** What runs until it is stopped. */
interface Stoppable {
  stop(): Promise<void>;
}

const NO_OPTIONS: AcquireOptions = Object.freeze({});
const WITHOUT_WAITING: AcquireOptions = Object.freeze({ wait: 0 });

type Work<T, H> = (held: H) => Promise<T> | T;

/**
 * Acquires leases from one store for one process.
 *
 * Within Nest, `DistributedLockModule` makes and closes it. Elsewhere: `new SyncManager({ store })`, and `close()` at the
 * end. Exclusion holds inside this process and among all that share the store.
 *
 * @throws OptionsInvalidError naming every option that is wrong, its value and a remedy
 */
export class SyncManager {
  private readonly resolved: ResolvedManager;
  private readonly engine: LeaseEngine;
  private readonly acquisitions: Acquisitions;
  private readonly logger: LockLogger | undefined;
  private readonly locks = new LockRegistry();
  /** Of acquisitions without options of their own, which are most. */
  private readonly defaults: ResolvedAcquire;
  private readonly defaultsWithoutWaiting: ResolvedAcquire;
  private readonly balances = new Set<Stoppable>();
  private leadershipLock: Leadership | null = null;
  private closing: Promise<void> | null = null;

  constructor(options: SyncManagerOptions, environment: ManagerEnvironment = {}) {
    this.resolved = resolveManager(options);
    this.defaults = resolveAcquire(NO_OPTIONS, this.resolved);
    this.defaultsWithoutWaiting = resolveAcquire(WITHOUT_WAITING, this.resolved);
    const { clock = systemClock, random = systemRandom, logger } = environment;
    this.logger = logger;
    this.engine = new LeaseEngine(this.resolved, clock, random);
    const { warnsOfLockOrder = !isProduction() } = environment;
    const order = warnsOfLockOrder && logger !== undefined ? new LockOrder(logger) : null;
    this.acquisitions = new Acquisitions(this, this.engine.elapsed, order);
  }

  /** The store that keeps the leases. */
  get store(): LeaseStore {
    return this.resolved.store;
  }

  /** The clock that decides about leases. */
  get clock(): Clock {
    return this.engine.clock;
  }

  /** Whether `close` was called: nothing is acquired any more. */
  get isClosing(): boolean {
    return this.engine.isClosing;
  }

  /**
   * Subscribes to what happens to leases. Listeners are called synchronously; one that throws harms nobody.
   * @returns a function that removes the listener
   */
  on<E extends keyof LockEvents>(event: E, listener: LockEventListener<E>): () => void {
    return this.engine.events.on(event, listener);
  }

  /**
   * Waits for the key, at most `wait` (default: until a holder that has died must be over, and a second more).
   * @throws LockTimeoutError when others held it all the time; LockHeldError likewise with `wait: 0` or `false`
   * @throws StoreUnavailableError when the store gave no answer in that time
   * @throws StoreRejectedError, CorruptLeaseError when waiting cannot help
   * @throws ManagerClosedError after `close`
   * @throws OptionsInvalidError
   * @throws the reason of `options.signal` when that aborts
   */
  acquire(key: string, options: AcquireOptions = NO_OPTIONS): Promise<Lease> {
    return invoke(() => this.acquisitions.one(key, options));
  }

  /**
   * Asks once, without waiting. On a store whose leases end by contenders that watch them (DynamoDB), a holder who was not
   * seen lately is watched until he shows life, at most for the length of his lease.
   * @returns the lease, or `null` when another holds the key
   * @throws as `acquire`; an unavailable store is not "held by another"
   */
  tryAcquire(key: string, options?: AcquireOptions): Promise<Lease | null> {
    return nullIfHeld(() => this.acquire(key, withoutWaiting(options)));
  }

  /**
   * Acquires all keys or none, one after the other in an order that all processes keep, so that nobody waits in a circle; all
   * within one `wait`. When one fails, or one that was acquired is lost meanwhile, those already acquired are released first,
   * for which `holdAtLeast` does not count. `attributes` are merged into those of each key; `data` is for one key only.
   * @throws as `acquire`, the error of the key that failed; LockLostError when one was lost meanwhile
   * @throws OptionsInvalidError also when there is no key, or `data` for several
   */
  acquireAll(keys: readonly string[], options: AcquireOptions = NO_OPTIONS): Promise<LeaseSet> {
    return invoke(() => this.acquisitions.all(keys, options));
  }

  /** As {@link acquireAll}, but asks for each once, without waiting. @returns the leases, or `null` when another holds a key */
  tryAcquireAll(keys: readonly string[], options?: AcquireOptions): Promise<LeaseSet | null> {
    return nullIfHeld(() => this.acquireAll(keys, withoutWaiting(options)));
  }

  /**
   * Runs `fn` under the key, or under all of several keys, and releases afterwards. Inside, `currentLease()` is the lease; of
   * several, that of the first key as written, whose signal speaks for all, and `currentLease(key)` that of another.
   * @throws as `acquire`, or as `acquireAll`; then what `fn` throws
   * @throws LockLostError when a lease was lost before `fn` ended; what `fn` threw is its cause
   * @throws SelfDeadlockError when this chain of calls would wait for a key that it holds
   */
  withLock<T>(key: string, fn: (lease: Lease) => Promise<T> | T): Promise<T>;
  withLock<T>(key: string, options: WithLockOptions, fn: (lease: Lease) => Promise<T> | T): Promise<T>;
  withLock<T>(keys: readonly string[], fn: (set: LeaseSet) => Promise<T> | T): Promise<T>;
  withLock<T>(
    keys: readonly string[],
    options: WithLockOptions,
    fn: (set: LeaseSet) => Promise<T> | T,
  ): Promise<T>;
  async withLock<T>(
    key: string | readonly string[],
    ...rest: [Work<T, never>] | [WithLockOptions, Work<T, never>]
  ): Promise<T> {
    const [options, fn] = rest.length === 1 ? [NO_OPTIONS, rest[0]] : rest;
    const run = await this.tryWithLock(key, options, fn as Work<T, Lease | LeaseSet>);
    if (run.ran) return run.value;
    throw run.error;
  }

  /** As {@link withLock}, but a key that stays with others is an answer, and so never mistaken for an error of `fn`. */
  tryWithLock<T>(key: string, options: WithLockOptions, fn: Work<T, Lease>): Promise<LockedRun<T>>;
  tryWithLock<T>(
    keys: readonly string[],
    options: WithLockOptions,
    fn: Work<T, LeaseSet>,
  ): Promise<LockedRun<T>>;
  tryWithLock<T>(
    key: string | readonly string[],
    options: WithLockOptions,
    fn: Work<T, Lease | LeaseSet>,
  ): Promise<LockedRun<T>>;
  tryWithLock<T>(
    key: string | readonly string[],
    options: WithLockOptions,
    fn: Work<T, never>,
  ): Promise<LockedRun<T>> {
    if (Array.isArray(key)) return this.acquisitions.runAll(key, options, fn as Work<T, LeaseSet>);
    return this.acquisitions.run(key as string, options, fn as Work<T, Lease>);
  }

  /**
   * The campaign for a key, one for the whole process: what is asked for later gets the same `Lock`, and its options are
   * ignored. For a single try use {@link tryAcquire}.
   * @throws OptionsInvalidError
   */
  lock(key: string, options: AcquireOptions = {}): Lock {
    const existing = this.locks.find(key);
    if (existing === undefined) {
      const resolved = this.resolve(key, { ...options, wait: Infinity });
      return this.locks.claim(new SharedLock(key, resolved, this, this.locks));
    }
    const ignored = Object.keys(options).join(', ');
    if (ignored !== '')
      this.logger?.warn(`lock('${key}') exists; options given later are ignored: ${ignored}.`);
    return existing;
  }

  /**
   * Many leases of which any one will do. Cheap: a pool is made anew for each call, and pools of the same name and slots are one.
   * @param options `{ slots: 8 }`: numbered from 0 to 7, under the keys `pool/<name>/0` and so on; `{ ids }`: those keys;
   *   `{ discover: prefix }`: the keys that the store lists
   * @throws OptionsInvalidError
   */
  pool(name: string, options: NumberedSlots): LeasePool<number>;
  pool(name: string, options: NamedSlots | ListedSlots): LeasePool<string>;
  pool(name: string, options: PoolOptions): LeasePool {
    return poolOf(this, name, options);
  }

  /** What the store keeps under `key`; `null` when it is free and nothing is kept. Never acquires. */
  async inspect(key: string): Promise<LeaseRecord | null> {
    assertKey(key);
    return this.ask(call => this.store.inspect(key, call));
  }

  /** All keys that start with `prefix` and are held, or beside which something is kept. */
  async *list(prefix = ''): AsyncGenerator<LeaseRecord, void> {
    const records = this.store
      .list(prefix, { timeoutMs: this.resolved.commandTimeoutMs })
      [Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await this.ask(() => records.next());
        if (step.done === true) return;
        yield step.value;
      }
    } finally {
      // Not waited for: after a silence it would be silent, too.
      void invoke(async () => records.return?.()).catch(() => undefined);
    }
  }

  /**
   * Ends a grant that somebody else holds: it is renewed no more, so that its holder stops before the key is free. With
   * `force` the key is free at once, which is outside the promises: its holder may still work.
   * @param options `fencingToken`: the grant; by default the present one
   * @returns whether there was such a grant
   */
  async revoke(key: string, options: { fencingToken?: number; force?: boolean } = {}): Promise<boolean> {
    assertKey(key);
    const fencingToken = options.fencingToken ?? (await this.inspect(key))?.fencingToken;
    if (fencingToken === undefined) return false;
    return this.ask(call => this.store.revoke({ key, fencingToken, force: options.force }, call));
  }

  /** The application's leadership. @throws OptionsInvalidError where it is off */
  get leadership(): Leadership {
    if (this.leadershipLock === null) {
      throw new OptionsInvalidError([
        `leadership (off) is needed here; set service in DistributedLockModule.forRoot, and do not set leadership: false`,
      ]);
    }
    return this.leadershipLock;
  }

  /** Makes `leadership` the answer of {@link leadership}. */
  attachLeadership(leadership: Leadership): void {
    this.leadershipLock = leadership;
  }

  /**
   * Stops `balance` when campaigns stop. For what is built on the engine.
   * @returns a function that takes it back
   */
  attach(balance: Stoppable): () => void {
    this.balances.add(balance);
    return () => void this.balances.delete(balance);
  }

  /** For what is built on the engine. */
  tell<E extends keyof LockEvents>(event: E, facts: LockEvents[E]): void {
    this.engine.events.emit(event, facts);
  }

  /** Prepares the store; optional. Rejects only for what waiting cannot cure. */
  async open(): Promise<void> {
    await this.store.open?.();
  }

  /**
   * Lets no {@link lock} be acquired any more, as at the beginning of a shutdown; those that are held stay held. Balanced pools
   * hand over their slots.
   */
  stopCampaigns(): void {
    this.locks.stopAll();
    for (const balance of this.balances) void balance.stop();
  }

  /**
   * Rejects all who wait, lets `withLock` work end, releases all leases and closes the store. Work that has not ended
   * within `timeoutMs` is told by its signal, and its lease is left to its TTL: releasing it would let another start.
   * Idempotent; never rejects.
   * @param options `timeoutMs`: for all of it together; default 10 s
   */
  close(options: { timeoutMs?: number } = {}): Promise<void> {
    return (this.closing ??= this.shutDown(options.timeoutMs ?? DEFAULT_SHUTDOWN_TIMEOUT_MS));
  }

  /** Closes at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** As {@link acquire}, with options that are already resolved. For what is built on the engine. */
  demand(wanted: string | SlotSource, resolved: ResolvedAcquire, demand: Demand): Promise<HeldLease> {
    return this.engine.acquire(wanted, resolved, demand);
  }

  /** Checks options against those of the manager. For what is built on the engine. */
  resolve(key: string, options: AcquireOptions): ResolvedAcquire {
    assertKey(key);
    if (options === NO_OPTIONS) return this.defaults;
    if (options === WITHOUT_WAITING) return this.defaultsWithoutWaiting;
    return resolveAcquire(options, this.resolved);
  }

  private async shutDown(timeoutMs: number): Promise<void> {
    const deadline = this.clock.monotonicMs() + timeoutMs;
    this.engine.beginClose();
    const balances = [...this.balances].map(balance => balance.stop());
    const campaigns = Promise.all([this.locks.releaseAll(), ...balances]);
    await this.engine.close(timeoutMs);
    const leftMs = (): number => Math.max(0, deadline - this.clock.monotonicMs());
    await within(this.clock, leftMs(), campaigns);
    const closed = invoke(async () => this.store.close?.()).catch((error: unknown) =>
      this.logger?.error(`closing ${this.store.name} failed: ${String(error)}`),
    );
    await within(this.clock, leftMs(), closed);
  }

  private ask<T>(command: (call: CallOptions) => Promise<T>): Promise<T> {
    return this.engine.gateway.call(this.resolved.commandTimeoutMs, command);
  }
}

function withoutWaiting(options: AcquireOptions | undefined): AcquireOptions {
  return options === undefined ? WITHOUT_WAITING : { ...options, wait: 0 };
}
