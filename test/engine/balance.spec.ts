import { describe, expect, it } from '@jest/globals';
import type { SlotLease } from '../../lib/core/lease.js';
import type { BalanceOptions } from '../../lib/engine/pools/balance-options.js';
import type { PoolBalance } from '../../lib/engine/pools/pool-balance.js';
import { track, useWorld, type Replica, type ReplicaOptions } from './world.js';

const SLOTS = 12;
const TTL_MS = 3000;

describe('a pool that is balanced', () => {
  const world = useWorld();

  /** A replica that takes part, and which slots it works on, by its hooks. */
  interface Worker extends Replica {
    readonly balance: PoolBalance<number>;
    readonly works: Set<number>;
  }

  function worker(own: Partial<BalanceOptions<number>> = {}, options: ReplicaOptions = {}): Worker {
    const replica = world.replica({ ttl: TTL_MS, ...options });
    const works = new Set<number>();
    const balance = replica.manager.pool('shards', { slots: SLOTS }).balance({
      onSlotAcquired: ({ slot }) => void works.add(slot),
      onSlotLost: ({ slot }) => void works.delete(slot),
      ...own,
    });
    return { ...replica, balance, works };
  }

  const counts = (workers: readonly Worker[]): number[] => workers.map(({ works }) => works.size);
  const union = (workers: readonly Worker[]): number =>
    new Set(workers.flatMap(({ works }) => [...works])).size;

  it('gives all slots to a single replica', async () => {
    const a = worker();
    await world.advance(1000);
    expect(a.works.size).toBe(SLOTS);
    expect(a.balance.leases.map(({ slot }) => slot).sort((x, y) => x - y)).toEqual([...Array(SLOTS).keys()]);
  });

  it('shares slots out evenly as replicas come, and never gives one to two', async () => {
    const workers = [worker()];
    await world.advance(1000);
    workers.push(worker(), worker());
    await world.everyMs(3000, () => expect(union(workers)).toBe(counts(workers).reduce((x, y) => x + y)));
    expect(counts(workers)).toEqual([4, 4, 4]);
    expect(union(workers)).toBe(SLOTS);
  });

  it('gives the slots of one that died to the others within its TTL and a second', async () => {
    const workers = [worker(), worker(), worker()];
    await world.advance(4000);
    expect(counts(workers)).toEqual([4, 4, 4]);
    workers[1]!.link.cut();
    await world.advance(TTL_MS + 1000);
    expect(counts([workers[0]!, workers[2]!])).toEqual([6, 6]);
    expect(workers[1]!.works.size).toBe(0);
    workers[1]!.link.heal();
    await world.advance(4000);
    expect(counts(workers)).toEqual([4, 4, 4]);
    expect(union(workers)).toBe(SLOTS);
  });

  it('lets no slot lie idle for longer than a renewal interval at a hand-over', async () => {
    const workers = [worker()];
    const idleMs = new Map<number, number>();
    await world.advance(1000);
    const look = (): void => {
      const worked = new Set(workers.flatMap(({ works }) => [...works]));
      for (let slot = 0; slot < SLOTS; slot++)
        idleMs.set(slot, worked.has(slot) ? 0 : (idleMs.get(slot) ?? 0) + 1);
      expect(Math.max(...idleMs.values())).toBeLessThan(TTL_MS / 3);
    };
    workers.push(worker(), worker());
    await world.everyMs(4000, look);
    const stopped = workers[1]!.balance.stop();
    await world.everyMs(4000, look);
    await world.until(stopped);
    expect(counts(workers)).toEqual([6, 0, 6]);
  });

  it('releases a slot that it hands over only when its work has ended, whoever waits', async () => {
    const ends: (() => void)[] = [];
    const a = worker({
      onSlotLost: lease => {
        expect(lease.signal.aborted).toBe(true);
        return new Promise<void>(resolve => void ends.push(resolve)).then(
          () => void a.works.delete(lease.slot),
        );
      },
    });
    await world.advance(1000);
    const b = worker();
    await world.advance(10_000);
    expect(ends).toHaveLength(6);
    expect([a.works.size, b.works.size]).toEqual([12, 0]);
    ends[0]!();
    await world.advance(100);
    expect([a.works.size, b.works.size]).toEqual([11, 1]);
    for (const end of ends) end();
    await world.advance(1000);
    expect([a.works.size, b.works.size]).toEqual([6, 6]);
  });

  it('takes an acquired-hook that works for the whole tenure for the work of the slot', async () => {
    const onSlotAcquired = async (lease: SlotLease<number>): Promise<void> => {
      a.works.add(lease.slot);
      await new Promise(resolve => lease.signal.addEventListener('abort', resolve));
      await new Promise<void>(resolve => void world.clock.startTimer(500, resolve));
      a.works.delete(lease.slot);
    };
    const a: Worker = worker({ onSlotAcquired, onSlotLost: undefined });
    await world.advance(1000);
    const b = worker();
    await world.everyMs(3000, () => expect(union([a, b])).toBe(a.works.size + b.works.size));
    expect(counts([a, b])).toEqual([6, 6]);
  });

  it('gives a slot back whose acquired-hook fails, and takes none for a while', async () => {
    let fails = true;
    const a = worker({
      onSlotAcquired: ({ slot }) => {
        if (fails) throw new Error('no such shard');
        a.works.add(slot);
      },
    });
    await world.advance(500);
    expect(a.told('listener-error')[0]).toMatchObject({ event: 'onSlotAcquired' });
    const tries = a.told('acquired').length;
    expect(a.balance.leases).toEqual([]);
    await world.advance(TTL_MS - 1000);
    expect(a.told('acquired')).toHaveLength(tries);
    fails = false;
    await world.advance(2000);
    expect(a.works.size).toBe(SLOTS);
  });

  it('keeps what it holds while the store does not answer, as long as the leases allow', async () => {
    const [a, b] = [worker(), worker()];
    await world.advance(3000);
    expect(counts([a, b])).toEqual([6, 6]);
    for (const { link } of [a, b]) link.cut();
    await world.advance(1500);
    for (const { link } of [a, b]) link.heal();
    await world.everyMs(3000, () => expect(counts([a, b])).toEqual([6, 6]));
  });

  it('hands over everything when it is stopped, and by closing the manager', async () => {
    const [a, b] = [worker(), worker()];
    await world.advance(3000);
    await world.until(a.balance.stop());
    expect(a.works.size).toBe(0);
    expect(a.balance.leases).toEqual([]);
    await world.advance(1000);
    expect(b.works.size).toBe(SLOTS);
    const closed = track(b.manager.close());
    await world.advance(100);
    expect(closed.state).toBe('resolved');
    expect(b.works.size).toBe(0);
    expect(() => b.manager.pool('shards', { slots: SLOTS }).balance()).toThrow(/LOCK_MANAGER_CLOSED/);
  });

  it('does not release a slot at close whose work goes on', async () => {
    const a = worker({ onSlotLost: () => new Promise(() => {}) });
    await world.advance(1000);
    await world.until(a.manager.close({ timeoutMs: 500 }));
    const record = await world.replica().manager.inspect('pool/shards/0');
    expect(record?.isHeld).toBe(true);
    expect(a.balance.leases).toEqual([]);
  });

  it('gives no slot to replicas that are more than there are slots, until one leaves', async () => {
    const workers = Array.from({ length: SLOTS + 2 }, () => worker());
    await world.advance(8000);
    expect(counts(workers).sort((x, y) => y - x)).toEqual([...Array<number>(SLOTS).fill(1), 0, 0]);
    await world.until(workers.find(({ works }) => works.size === 1)!.balance.stop());
    await world.advance(2000);
    expect(union(workers)).toBe(SLOTS);
  });

  it('finds members again that are left far behind when those before them have gone', async () => {
    const workers = Array.from({ length: 18 }, () => worker());
    await world.advance(5000);
    for (const { balance } of workers.slice(0, 16)) void balance.stop();
    await world.advance(5000);
    expect(counts(workers.slice(16))).toEqual([6, 6]);
    await world.advance(2000);
    expect(counts(workers.slice(16))).toEqual([6, 6]);
  });

  it('renews its leases by itself, also where those of the manager are renewed by hand', async () => {
    const a = worker({}, { renewEvery: false });
    await world.advance(5 * TTL_MS);
    expect(a.told('lost')).toEqual([]);
    expect(a.works.size).toBe(SLOTS);
  });

  it('refuses wrong options', () => {
    const pool = world.replica().manager.pool('shards', { slots: SLOTS });
    expect(() => pool.balance({ checkEvery: 'soon' as never })).toThrow(/checkEvery/);
    expect(() => pool.balance({ ttl: -1 })).toThrow(/ttl/);
    expect(() => pool.balance({ onSlotAquired: () => {} } as never)).toThrow(/did you mean onSlotAcquired/);
    expect(() => pool.balance({ onSlotLost: 3 as never })).toThrow(/onSlotLost \(3\) must be a function/);
    expect(() => pool.balance({ wait: 5 } as never)).toThrow(/wait is not an option/);
  });
});
