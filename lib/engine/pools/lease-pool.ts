import { describeValue } from '../../core/describe-value.js';
import { ManagerClosedError, OptionsInvalidError } from '../../core/errors.js';
import type { LeaseRecord } from '../../core/lease-store.js';
import { putLast } from '../../core/put-last.js';
import type { SlotLease } from '../../core/lease.js';
import type { ResolvedAcquire } from '../../core/options.js';
import { checkWithLock } from '../../core/options.js';
import { runOrJoin, nullIfHeld, type LockedRun } from '../acquisitions.js';
import type { HeldLease } from '../held-lease.js';
import { enclosingLease } from '../lease-context.js';
import type { SyncManager } from '../sync-manager.js';
import type { BalanceOptions } from './balance-options.js';
import { PoolBalance } from './pool-balance.js';
import {
  resolvePool,
  type AcquireSlotOptions,
  type PoolOptions,
  type ResolvedPool,
  type WithSlotOptions,
} from './pool-options.js';
import { ListedSource, NamedSource, NumberedSource, type SlotSource } from './slot-source.js';

/** Work that runs under a slot. */
export type SlotWork<Slot extends number | string, T> = (lease: SlotLease<Slot>) => Promise<T> | T;

/**
 * Many leases of which any one will do: shards, worker ids, permits. A slot is a lease like any other, with its own token, data
 * and attributes; that of a holder that has died comes back after its TTL.
 *
 * Several pools of one name and the same slots, in one process or in many, are one pool.
 */
export class LeasePool<Slot extends number | string = number | string> {
  constructor(
    readonly name: string,
    private readonly source: SlotSource,
    private readonly manager: SyncManager,
  ) {}

  /**
   * Waits until some slot is free, at most `wait`.
   * @throws as `SyncManager.acquire`; KeyAbsentError where the store lists no slot
   */
  async acquireAny(options: AcquireSlotOptions = {}): Promise<SlotLease<Slot>> {
    const resolved = this.resolve(options);
    return asSlot(await this.demand(resolved, options.signal));
  }

  /**
   * Looks without waiting.
   * @returns a lease, or `null` when others hold all slots
   * @throws as `acquireAny`; an unavailable store is not "held by others"
   */
  tryAcquireAny(options: AcquireSlotOptions = {}): Promise<SlotLease<Slot> | null> {
    return nullIfHeld(() => this.acquireAny({ ...options, wait: 0 }));
  }

  /**
   * Takes slots that are free now, without waiting.
   * @param count how many at most; a whole number
   * @returns as many leases as were free, perhaps none
   * @throws as `acquireAny`, and then holds none
   */
  async acquireUpTo(count: number, options: AcquireSlotOptions = {}): Promise<SlotLease<Slot>[]> {
    if (!Number.isInteger(count) || count < 0) {
      throw new OptionsInvalidError([
        `count (${describeValue(count)}) of pool '${this.name}' must be a whole number of slots; try 1`,
      ]);
    }
    const leases: SlotLease<Slot>[] = [];
    try {
      while (leases.length < count) {
        const lease = await this.tryAcquireAny(options);
        if (lease === null) break;
        leases.push(lease);
      }
      return leases;
    } catch (error) {
      await Promise.all(leases.map(lease => lease.release()));
      throw error;
    }
  }

  /**
   * Runs `fn` under some slot and releases it afterwards. Inside, `currentLease()` is the lease.
   * @throws as `acquireAny`; then what `fn` throws
   * @throws LockLostError when the lease was lost before `fn` ended; what `fn` threw is its cause
   * @throws SelfDeadlockError when this chain of calls would wait for a slot while it holds one of them
   */
  withSlot<T>(fn: SlotWork<Slot, T>): Promise<T>;
  withSlot<T>(options: WithSlotOptions, fn: SlotWork<Slot, T>): Promise<T>;
  async withSlot<T>(...args: [SlotWork<Slot, T>] | [WithSlotOptions, SlotWork<Slot, T>]): Promise<T> {
    const [options, fn] = args.length === 1 ? [{}, args[0]] : args;
    const run = await this.tryWithSlot(options, fn);
    if (run.ran) return run.value;
    throw run.error;
  }

  /** As {@link withSlot}, but a pool that stays with others is an answer, and so never mistaken for an error of `fn`. */
  async tryWithSlot<T>(options: WithSlotOptions, fn: SlotWork<Slot, T>): Promise<LockedRun<T>> {
    checkWithLock(options);
    const { manager, source } = this;
    const resolved = this.resolve(options);
    const outer = enclosingLease(manager, key => source.has(key));
    const acquire = (): Promise<HeldLease> => this.demand(resolved, options.signal);
    return runOrJoin({ manager, key: source.key, outer, resolved, options, acquire }, lease =>
      fn(lease as SlotLease<Slot>),
    );
  }

  /**
   * Shares the pool with all replicas that do the same, without a coordinator: each holds as many slots as the others, give or take
   * one, and hands over what exceeds that when replicas come, each slot once its work has ended. Goes on until `stop()`, or
   * until the manager is closed.
   * @throws OptionsInvalidError, ManagerClosedError
   */
  balance(options: BalanceOptions<Slot> = {}): PoolBalance<Slot> {
    if (this.manager.isClosing) throw new ManagerClosedError();
    return new PoolBalance(this.manager, this.name, this.source, options);
  }

  private resolve(options: AcquireSlotOptions): ResolvedAcquire {
    const { key, isListed } = this.source;
    return this.manager.resolve(key, { ...options, mustExist: isListed });
  }

  private demand(resolved: ResolvedAcquire, signal: AbortSignal | undefined): Promise<HeldLease> {
    return this.manager.demand(this.source, resolved, { signal });
  }
}

/** @throws OptionsInvalidError */
export function poolOf(manager: SyncManager, name: string, options: PoolOptions): LeasePool {
  return new LeasePool(name, sourceOf(manager, name, resolvePool(name, options)), manager);
}

function sourceOf(manager: SyncManager, name: string, pool: ResolvedPool): SlotSource {
  if ('slots' in pool) return new NumberedSource(name, pool.slots, manager.store);
  if ('ids' in pool) return new NamedSource(name, pool.ids);
  const { discover, refreshEveryMs } = pool;
  const list = (prefix: string): AsyncIterable<LeaseRecord> => manager.list(prefix);
  return listed(manager, new ListedSource(name, discover, refreshEveryMs, manager.clock, list));
}

const MAX_LISTS = 100;
const lists = new WeakMap<SyncManager, Map<string, ListedSource>>();

/** What was listed is known to whoever asks for the same again; the least recently made of very many are forgotten. */
function listed(manager: SyncManager, source: ListedSource): ListedSource {
  const known = lists.get(manager) ?? new Map<string, ListedSource>();
  lists.set(manager, known);
  const one = known.get(source.identity) ?? source;
  putLast(known, source.identity, one, MAX_LISTS);
  return one;
}

function asSlot<Slot extends number | string>(lease: HeldLease): SlotLease<Slot> {
  return lease as HeldLease & { readonly slot: Slot };
}
