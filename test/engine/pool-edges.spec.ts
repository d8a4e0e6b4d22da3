import { describe, expect, it } from '@jest/globals';
import { StoreUnavailableError } from '../../lib/core/errors.js';
import type { LeaseStore } from '../../lib/core/lease-store.js';
import type { Lease } from '../../lib/core/lease.js';
import type { FaultyStore } from '../../lib/testing/index.js';
import { track, useWorld, type Replica } from './world.js';

const LOST_REPLY = { kind: 'lose-reply', settle: 'unanswered' } as const;

function over(store: LeaseStore, own: Partial<Record<keyof LeaseStore, unknown>>): LeaseStore {
  const members = Object.entries(own).map(([name, value]) => [name, { value }]);
  return Object.create(store, Object.fromEntries(members) as PropertyDescriptorMap) as LeaseStore;
}

const withoutSlots = (store: LeaseStore): LeaseStore => over(store, { findsSlots: false });
const withoutHints = (store: LeaseStore): LeaseStore =>
  over(store, { findsSlots: false, whenFreed: undefined });

describe('a slot whose grant was in doubt', () => {
  const world = useWorld();

  const heldKeys = (leases: readonly (Lease | null)[]): string[] =>
    leases.flatMap(lease => (lease?.isHeld === true ? [lease.key] : []));

  it.each([
    ['of keys', { ids: ['shard-a', 'shard-b'] }],
    ['that is numbered', { slots: 2 } as unknown as { ids: string[] }],
  ])('of a pool %s is not given to another caller here who asks for its key', async (_, slots) => {
    const { manager, link } = world.replica();
    link.script('acquire', LOST_REPLY);
    const first = await world.until(manager.pool('shards', slots).acquireAny());
    expect(await world.until(manager.tryAcquire(first.key))).toBeNull();
    expect(first.isHeld).toBe(true);
  });

  it('is not given to another pool here with the same keys', async () => {
    const { manager, link } = world.replica({ wrap: withoutSlots });
    link.script('acquire', LOST_REPLY);
    const first = await world.until(manager.pool('w', { slots: 1 }).acquireAny());
    const other = manager.pool('w', { slots: 2 });
    const held = heldKeys([
      first,
      await world.until(other.tryAcquireAny()),
      await world.until(other.tryAcquireAny()),
    ]);
    expect(held.sort()).toEqual(['pool/w/0', 'pool/w/1']);
  });

  it('is not given to who waits in the same pool, whatever hints say', async () => {
    const hints: (() => void)[] = [];
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, { whenFreed: (_: string, onFreed: () => void) => void hints.push(onFreed) });
    await world.until(world.replica().manager.acquire('b'));
    const { manager, link } = world.replica({ wrap });
    link.script('acquire', LOST_REPLY, LOST_REPLY);
    const pool = manager.pool('shards', { ids: ['a', 'b'] });
    const first = await world.until(pool.acquireAny());
    const left = new AbortController();
    const waiting = track(pool.acquireAny({ wait: Infinity, signal: left.signal }));
    await world.advance(500);
    // The subscription stands, and stands anew, as after a reconnection.
    for (const hint of [...hints, ...hints]) hint();
    await world.advance(500);
    expect([first.isHeld, waiting.state]).toEqual([true, 'pending']);
    left.abort(new Error('enough'));
    await world.settle();
  });

  it('is known for a left-over of this replica once its lease is over', async () => {
    const { manager, link } = world.replica();
    link.script('acquire', LOST_REPLY);
    const first = await world.until(manager.acquire('k'));
    await first.release();
    // The attempt that was in doubt is applied only now.
    await world.store.acquire({ key: 'k', owner: first.owner, ttlMs: 10_000, sentAt: 0 });
    expect(await world.until(manager.tryAcquire('k'))).not.toBeNull();
  });

  it('of which nobody heard is found when the pool seems full, and taken', async () => {
    const { manager, link } = world.replica();
    link.script('acquire', { kind: 'lose-reply', settle: 'never' });
    const left = new AbortController();
    const pool = manager.pool('w', { slots: 1 });
    const waiting = track(pool.acquireAny({ signal: left.signal }));
    await world.advance(1);
    left.abort(new Error('enough'));
    await world.advance(1);
    expect(waiting.state).toBe('rejected');
    expect(await world.until(pool.tryAcquireAny())).toMatchObject({ slot: 0, isHeld: true });
  });
});

describe('a pool that is looked at one by one', () => {
  const world = useWorld();

  /** Every acquire takes this long to answer. */
  function slow({ link }: Replica, ms: number): void {
    const acquire = link.acquire.bind(link);
    link.acquire = async (...args: Parameters<FaultyStore['acquire']>) => {
      await new Promise<void>(resolve => void world.clock.startTimer(ms, resolve));
      return acquire(...args);
    };
  }

  async function heldByOther(count: number, ttl = 30_000): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, nth) => `s${nth}`);
    const other = world.replica({ ttl });
    for (const id of ids) await world.until(other.manager.acquire(id));
    return ids;
  }

  it('is said to be full, and not the store to be silent, however long that takes to find out', async () => {
    const ids = await heldByOther(300);
    const asking = world.replica({ ttl: 30_000 });
    slow(asking, 20);
    const pool = asking.manager.pool('x', { ids });
    const tried = track(pool.tryAcquireAny());
    await world.advance(10_000);
    expect(tried).toMatchObject({ state: 'resolved', value: null });
    const waited = track(pool.acquireAny({ wait: 3000 }));
    await world.advance(4000);
    expect(waited).toMatchObject({ state: 'rejected', error: { code: 'LOCK_TIMEOUT' } });
  });

  it('is said to be silent when the store is', async () => {
    const ids = await heldByOther(10);
    const asking = world.replica();
    const answer = track(asking.manager.pool('x', { ids }).tryAcquireAny());
    asking.link.cut();
    await world.advance(20_000);
    expect(answer).toMatchObject({ state: 'rejected', error: { code: 'LOCK_STORE_UNAVAILABLE' } });
  });

  it('is told of who waits although some lease may always be over by the time of a look', async () => {
    const ids = await heldByOther(60, 1000);
    const asking = world.replica({ ttl: 1000 });
    slow(asking, 20);
    const waiting = track(asking.manager.pool('x', { ids }).acquireAny({ wait: 20_000 }));
    await world.advance(25_000);
    expect(waiting).toMatchObject({ state: 'rejected', error: { code: 'LOCK_TIMEOUT' } });
    expect(asking.told('waiting')).not.toHaveLength(0);
  });

  it('is looked at again by who begins to wait, for however short a time', async () => {
    const [a, b] = [world.replica({ wrap: withoutHints }), world.replica({ wrap: withoutHints })];
    const held = [await world.until(a.manager.acquire('a')), await world.until(a.manager.acquire('b'))];
    const pool = b.manager.pool('p', { ids: ['a', 'b', 'c'] });
    expect((await world.until(pool.acquireAny({ wait: 100 }))).key).toBe('c');
    await expect(world.until(pool.acquireAny({ wait: 100 }))).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    await held[0]!.release();
    expect(await world.until(pool.acquireAny({ wait: 100 }))).toMatchObject({ key: 'a' });
  });

  it('blames no store for a wait that ends while a slot that was released here is asked for', async () => {
    const [other, b] = [world.replica(), world.replica()];
    const held = await world.until(other.manager.pool('w', { slots: 3 }).acquireUpTo(2));
    const own = await world.until(b.manager.pool('w', { slots: 3 }).acquireAny());
    expect(held).toHaveLength(2);
    const waiting = track(b.manager.pool('w', { slots: 3 }).acquireAny({ wait: 1000 }));
    await world.advance(990);
    slow(b, 50);
    void own.release();
    await world.advance(500);
    expect([waiting.state, waiting.error?.code]).toEqual(['rejected', 'LOCK_TIMEOUT']);
  });
});

describe('a pool of keys that the store lists', () => {
  const world = useWorld();

  it('is listed once in a while, however often a pool is made', async () => {
    const { manager, link } = world.replica();
    await world.until(manager.acquire('shard-1', { data: 'x' }));
    for (let nth = 0; nth < 5; nth++)
      await world.until(manager.pool('rows', { discover: 'shard-' }).tryAcquireAny());
    expect(link.calls.filter(({ method }) => method === 'list')).toHaveLength(1);
  });

  it('lets go of who waits while it is listed', async () => {
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, {
        list: async function* () {
          await new Promise(() => {});
          yield { key: 'never' };
        },
      });
    const { manager } = world.replica({ wrap });
    const pool = manager.pool('rows', { discover: 'shard-' });
    const left = new AbortController();
    const waiting = track(pool.acquireAny({ wait: Infinity, signal: left.signal }));
    const short = track(pool.acquireAny({ wait: 100 }));
    await world.advance(150);
    expect(short).toMatchObject({ state: 'rejected', error: { code: 'LOCK_STORE_UNAVAILABLE' } });
    left.abort(new Error('enough'));
    await world.settle();
    expect(waiting).toMatchObject({ state: 'rejected', error: { message: 'enough' } });
  });

  it('is listed again when that has failed', async () => {
    let fails = true;
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, {
        list: async function* () {
          if (fails) throw new StoreUnavailableError('down', { sent: false });
          yield { key: 'shard-1', isHeld: false };
        },
        acquire: (
          request: Parameters<LeaseStore['acquire']>[0],
          call: Parameters<LeaseStore['acquire']>[1],
        ) => store.acquire({ ...request, mustExist: false }, call),
      });
    const { manager } = world.replica({ wrap });
    const waiting = track(manager.pool('rows', { discover: 'shard-' }).acquireAny({ wait: Infinity }));
    await world.advance(3000);
    expect(waiting.state).toBe('pending');
    fails = false;
    await world.advance(2000);
    expect(waiting).toMatchObject({ state: 'resolved', value: { slot: 'shard-1' } });
  });

  it('is said to have no slot when those that are listed are gone', async () => {
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, {
        list: async function* () {
          yield { key: 'shard-1', isHeld: false };
        },
      });
    const { manager } = world.replica({ wrap });
    await expect(
      world.until(manager.pool('rows', { discover: 'shard-' }).tryAcquireAny()),
    ).rejects.toMatchObject({ code: 'LOCK_KEY_ABSENT' });
  });
});
