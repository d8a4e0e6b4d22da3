import { describe, expect, it } from '@jest/globals';
import type { LeaseStore } from '../../lib/core/lease-store.js';
import type { SlotLease } from '../../lib/core/lease.js';
import { currentLease } from '../../lib/engine/lease-context.js';
import { track, useWorld, type Replica, type ReplicaOptions } from './world.js';

/** As a store that finds no slot by itself. */
function withoutSlots(store: LeaseStore): LeaseStore {
  return Object.create(store, { findsSlots: { value: false } }) as LeaseStore;
}

const WAYS = [
  ['found by the store', {}],
  ['looked at one by one', { wrap: withoutSlots }],
] as const satisfies (readonly [string, ReplicaOptions])[];

describe.each(WAYS)('a pool whose slots are %s', (_, options) => {
  const world = useWorld();
  const replica = (own: ReplicaOptions = {}): Replica => world.replica({ ...options, ...own });

  const slotsOf = (leases: readonly (SlotLease | null)[]): unknown[] =>
    leases.map(lease => lease!.slot).sort();

  it('hands out each slot once, across replicas, and then says that it is full', async () => {
    const [a, b] = [replica(), replica()];
    const taken: (SlotLease | null)[] = [];
    for (const { manager } of [a, b, a])
      taken.push(await world.until(manager.pool('workers', { slots: 3 }).tryAcquireAny()));
    expect(slotsOf(taken)).toEqual([0, 1, 2]);
    for (const { manager } of [a, b])
      expect(await world.until(manager.pool('workers', { slots: 3 }).tryAcquireAny())).toBeNull();
  });

  it('gives a slot a lease of its own, with token, data and attributes, under a key that says which it is', async () => {
    const [a, b] = [replica(), replica()];
    const first = await world.until(a.manager.pool('workers', { slots: 1 }).acquireAny({ data: 'offset 7' }));
    expect(first).toMatchObject({ slot: 0, key: 'pool/workers/0', data: 'offset 7', isHeld: true });
    await first.release({ data: 'offset 9' });
    const second = await world.until(
      b.manager.pool('workers', { slots: 1 }).acquireAny({ attributes: { zone: 'b' } }),
    );
    expect(second).toMatchObject({ slot: 0, data: 'offset 9', attributes: { zone: 'b' } });
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken);
  });

  it('wakes who waits when any slot is released, wherever', async () => {
    const [a, b] = [replica(), replica({ pollEvery: 60_000 })];
    const held = await world.until(a.manager.pool('workers', { slots: 4 }).acquireUpTo(4));
    const waiting = track(b.manager.pool('workers', { slots: 4 }).acquireAny({ wait: Infinity }));
    await world.advance(3000);
    expect(waiting.state).toBe('pending');
    await held[2]!.release();
    await world.advance(20);
    expect(waiting).toMatchObject({ state: 'resolved', value: { slot: held[2]!.slot } });
  });

  it('serves those who wait in one replica first come first served, by one contender', async () => {
    const [a, b] = [replica(), replica()];
    const pool = b.manager.pool('workers', { slots: 2 });
    const held = await world.until(a.manager.pool('workers', { slots: 2 }).acquireUpTo(5));
    expect(held).toHaveLength(2);
    const order: number[] = [];
    const waits = [0, 1, 2, 3].map(async nth => {
      const lease = await pool.acquireAny({ wait: Infinity });
      order.push(nth);
      await lease.release();
    });
    await world.advance(100);
    const before = b.link.calls.length;
    await world.advance(1);
    expect(b.link.calls.length - before).toBeLessThanOrEqual(2);
    await Promise.all(held.map(lease => lease.release()));
    await world.until(Promise.all(waits));
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it('gives the slot of a dead holder to others after its TTL, not before', async () => {
    const [dead, other] = [replica(), replica()];
    await world.until(dead.manager.pool('workers', { slots: 2 }).acquireUpTo(2));
    dead.link.cut();
    const next = track(other.manager.pool('workers', { slots: 2 }).acquireAny({ wait: Infinity }));
    await world.advance(9999);
    expect(next.state).toBe('pending');
    await world.advance(1000);
    expect(next.state).toBe('resolved');
  });

  it('lets a wait be cancelled, and keeps nothing of it', async () => {
    const [a, b] = [replica(), replica()];
    await world.until(a.manager.pool('workers', { slots: 2 }).acquireUpTo(2));
    const left = new AbortController();
    const waiting = track(
      b.manager.pool('workers', { slots: 2 }).acquireAny({ wait: Infinity, signal: left.signal }),
    );
    await world.advance(50);
    left.abort(new Error('enough'));
    await world.settle();
    expect(waiting).toMatchObject({ state: 'rejected', error: { message: 'enough' } });
  });

  it('times out naming the pool, and throws what is wrong with the store as such', async () => {
    const [a, b] = [replica(), replica()];
    const pool = b.manager.pool('workers', { slots: 1 });
    await world.until(a.manager.pool('workers', { slots: 1 }).acquireAny());
    await expect(world.until(pool.acquireAny({ wait: 500 }))).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      key: 'pool/workers',
    });
    b.link.cut();
    await expect(world.until(pool.tryAcquireAny())).rejects.toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE' });
  });

  it('releases a slot whose grant nobody heard of', async () => {
    const [a, b] = [replica(), replica()];
    a.link.script('acquire', { kind: 'lose-reply' });
    const left = new AbortController();
    const waiting = track(a.manager.pool('workers', { slots: 1 }).acquireAny({ signal: left.signal }));
    await world.advance(10);
    left.abort(new Error('enough'));
    await world.advance(3000);
    expect(waiting.state).toBe('rejected');
    expect(await world.until(b.manager.pool('workers', { slots: 1 }).tryAcquireAny())).not.toBeNull();
  });

  it('recognises as its own a slot whose grant it did not hear of, and takes no second one', async () => {
    const a = replica();
    a.link.script('acquire', { kind: 'lose-reply' });
    const lease = await world.until(a.manager.pool('workers', { slots: 5 }).acquireAny());
    expect(lease.isHeld).toBe(true);
    const records = [];
    for (let slot = 0; slot < 5; slot++) records.push(await a.manager.inspect(`pool/workers/${slot}`));
    expect(records.filter(record => record?.isHeld)).toHaveLength(1);
  });

  it('asks the store nothing when this replica holds all slots itself', async () => {
    const a = replica();
    const pool = a.manager.pool('workers', { slots: 2 });
    await world.until(pool.acquireUpTo(2));
    const before = a.link.calls.length;
    expect(await pool.tryAcquireAny()).toBeNull();
    expect(a.link.calls).toHaveLength(before);
  });

  it('takes what was seen full only as long as somebody looks', async () => {
    const [a, b] = [replica(), replica()];
    const [pool, others] = [a, b].map(({ manager }) => manager.pool('workers', { slots: 2 }));
    const own = await world.until(pool!.acquireAny());
    const other = await world.until(others!.acquireAny());
    expect(await world.until(pool!.tryAcquireAny())).toBeNull();
    await other.release();
    expect(await world.until(pool!.tryAcquireAny())).not.toBeNull();
    expect(own.isHeld).toBe(true);
  });

  it('rejects who waits when the manager closes, and releases what it holds', async () => {
    const [a, b] = [replica(), replica()];
    await world.until(a.manager.pool('workers', { slots: 2 }).acquireUpTo(2));
    const waiting = track(b.manager.pool('workers', { slots: 2 }).acquireAny({ wait: Infinity }));
    await world.advance(100);
    await world.until(b.manager.close());
    expect(waiting).toMatchObject({ state: 'rejected', error: { code: 'LOCK_MANAGER_CLOSED' } });
    await world.until(a.manager.close());
    expect(await world.until(replica().manager.pool('workers', { slots: 2 }).acquireUpTo(9))).toHaveLength(2);
  });

  describe('withSlot', () => {
    it('runs work under a slot, as currentLease(), and gives it back', async () => {
      const [a, b] = [replica(), replica()];
      const pool = a.manager.pool('reports', { slots: 1 });
      const seen = await world.until(pool.withSlot(lease => [lease.slot, currentLease() === lease]));
      expect(seen).toEqual([0, true]);
      expect(await world.until(b.manager.pool('reports', { slots: 1 }).tryAcquireAny())).toMatchObject({
        slot: 0,
      });
    });

    it('lets no more run at a time than there are slots', async () => {
      const replicas = [replica(), replica(), replica()];
      let [running, most, runs] = [0, 0, 0];
      const work = async (): Promise<void> => {
        most = Math.max(most, ++running);
        runs++;
        await new Promise<void>(resolve => void world.clock.startTimer(100, resolve));
        running--;
      };
      const all = replicas.flatMap(({ manager }) =>
        Array.from({ length: 4 }, () =>
          manager.pool('reports', { slots: 3 }).withSlot({ wait: Infinity }, work),
        ),
      );
      await world.until(Promise.all(all));
      expect({ most, runs }).toEqual({ most: 3, runs: 12 });
    });

    it('refuses to wait for a slot under a slot of the same pool, or joins', async () => {
      const pool = replica().manager.pool('reports', { slots: 2 });
      await expect(world.until(pool.withSlot(() => pool.withSlot(() => 1)))).rejects.toMatchObject({
        code: 'LOCK_SELF_DEADLOCK',
      });
      const slots = await world.until(
        pool.withSlot(outer => pool.withSlot({ ifNested: 'join' }, inner => inner === outer)),
      );
      expect(slots).toBe(true);
    });
  });
});

describe('a pool of keys', () => {
  const world = useWorld();

  it('hands out the keys that it is given, which are leases like any other', async () => {
    const [a, b] = [world.replica(), world.replica()];
    const pool = a.manager.pool('shards', { ids: ['shard-a', 'shard-b'] });
    await world.until(b.manager.acquire('shard-a'));
    expect(await world.until(pool.acquireAny())).toMatchObject({ slot: 'shard-b', key: 'shard-b' });
    expect(await world.until(pool.tryAcquireAny())).toBeNull();
    expect(await world.until(b.manager.tryAcquire('shard-b'))).toBeNull();
  });

  it('hands out the keys that the store lists, and learns of new ones while somebody waits', async () => {
    const [a, b] = [world.replica(), world.replica()];
    const make = async (key: string): Promise<void> =>
      (await world.until(b.manager.acquire(key, { attributes: { rows: 1 } }))).release();
    await make('shard-1');
    await make('other');
    const pool = a.manager.pool('shards', { discover: 'shard-', refreshEvery: 1000 });
    expect(await world.until(pool.acquireAny())).toMatchObject({ slot: 'shard-1', attributes: { rows: 1 } });
    const next = track(pool.acquireAny({ wait: Infinity }));
    await world.advance(500);
    await make('shard-2');
    await world.advance(3000);
    expect(next).toMatchObject({ state: 'resolved', value: { slot: 'shard-2' } });
  });

  it('says so when the store lists none', async () => {
    const { manager } = world.replica();
    await expect(manager.pool('shards', { discover: 'shard-' }).tryAcquireAny()).rejects.toMatchObject({
      code: 'LOCK_KEY_ABSENT',
    });
  });

  it('looks at each slot once for who does not wait', async () => {
    const [a, b] = [world.replica(), world.replica()];
    const ids = Array.from({ length: 40 }, (_, nth) => `shard-${nth}`);
    await world.until(b.manager.pool('shards', { ids }).acquireUpTo(40));
    expect(await world.until(a.manager.pool('shards', { ids }).tryAcquireAny())).toBeNull();
    expect(a.link.calls.filter(({ method }) => method === 'acquire')).toHaveLength(40);
  });

  it('looks at a bounded number of slots after each pause for who waits', async () => {
    const [a, b] = [
      world.replica(),
      world.replica({
        wrap: store => Object.create(store, { whenFreed: { value: undefined } }) as LeaseStore,
      }),
    ];
    const ids = Array.from({ length: 100 }, (_, nth) => `shard-${nth}`);
    await world.until(a.manager.pool('shards', { ids }).acquireUpTo(100));
    const left = new AbortController();
    const waiting = track(
      b.manager.pool('shards', { ids }).acquireAny({ wait: Infinity, signal: left.signal, pollEvery: 1000 }),
    );
    await world.advance(2000);
    const before = b.link.calls.length;
    await world.advance(5000);
    // Pauses are random between 5 ms and a second: 10 of them at the most likely.
    expect(b.link.calls.length - before).toBeLessThan(250);
    expect(b.link.calls.length - before).toBeGreaterThan(10);
    left.abort(new Error('enough'));
    await world.settle();
    expect(waiting.state).toBe('rejected');
  });
});

describe('options of a pool', () => {
  const world = useWorld();

  it.each([
    [{}, /must have one of slots, ids and discover/],
    [{ slots: 2, ids: ['a'] }, /must have one of/],
    [{ slots: 0 }, /slots \(0\) must be a whole number from 1 to 4096/],
    [{ slots: 2.5 }, /whole number/],
    [{ ids: [] }, /must be a list of different keys/],
    [{ ids: ['a', 'a'] }, /must be a list of different keys/],
    [{ ids: [''] }, /must not be empty/],
    [{ discover: 3 }, /must be the start of keys/],
    [{ slot: 3, slots: 1 }, /slot is not an option; did you mean slots/],
  ])('refuses %j', (options, message) => {
    expect(() => world.replica().manager.pool('p', options as never)).toThrow(message);
  });

  it('refuses a count that is none', async () => {
    await expect(world.replica().manager.pool('p', { slots: 2 }).acquireUpTo(-1)).rejects.toMatchObject({
      code: 'LOCK_OPTIONS_INVALID',
    });
  });
});
