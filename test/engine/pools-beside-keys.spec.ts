import { describe, expect, it } from '@jest/globals';
import type { LeaseStore } from '../../lib/core/lease-store.js';
import type { VirtualClock } from '../../lib/testing/index.js';
import { track, useWorld } from './world.js';

/** As a store that finds no slot by itself, and each acquire takes that long. */
const slowly =
  (delayMs: number) =>
  (store: LeaseStore, clock: VirtualClock): LeaseStore => {
    const acquire: LeaseStore['acquire'] = async (request, call) => {
      await new Promise<void>(resolve => void clock.startTimer(delayMs, resolve));
      return store.acquire(request, call);
    };
    return Object.create(store, {
      acquire: { value: acquire },
      findsSlots: { value: false },
    }) as LeaseStore;
  };

/** What the simulation found where pools, sets and single keys meet. */
describe('slots, sets and keys of one manager', () => {
  const world = useWorld();

  it('a lease whose first attempt was not answered is no left-over to a pool of which its key is a slot', async () => {
    const { manager, link, told } = world.replica({ ttl: 1000 });
    link.script('acquire', { kind: 'lose-reply', settle: 'unanswered' });
    const lease = await world.until(manager.acquire('a'));
    expect(await world.until(manager.pool('any', { ids: ['a'] }).tryAcquireAny())).toBeNull();
    expect(await world.store.inspect('a')).toMatchObject({ isHeld: true, owner: lease.owner });
    await world.advance(2000);
    expect(lease.isHeld).toBe(true);
    expect(told('lost')).toEqual([]);
  });

  it('what is applied after such a lease is over is released when somebody here sees it', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    link.script('acquire', { kind: 'lose-reply', settle: 'unanswered' });
    const { owner } = await world.until(manager.acquire('a').then(lease => (void lease.release(), lease)));
    await world.settle();
    await world.store.acquire({ key: 'a', owner, ttlMs: 1000, sentAt: 0 });
    expect((await world.until(manager.tryAcquire('a')))?.isHeld).toBe(true);
  });

  it('a probe looks at each slot, however long that takes with all of them', async () => {
    const [a, b] = [world.replica(), world.replica({ commandTimeout: 100, wrap: slowly(80) })];
    const held = await world.until(a.manager.pool('workers', { slots: 8 }).acquireUpTo(8));
    const full = b.manager.pool('workers', { slots: 8 });
    expect(await world.until(full.tryAcquireAny())).toBeNull();
    await held[7]!.release();
    expect((await world.until(full.tryAcquireAny()))?.slot).toBe(held[7]!.slot);
  });

  it.each(['here', 'elsewhere'])(
    'who has waited behind held slots is told so, even when one was just given back %s',
    async where => {
      const [a, b] = [world.replica(), world.replica({ ttl: 5000, wrap: slowly(50) })];
      const elsewhere = await world.until(a.manager.pool('workers', { slots: 2 }).acquireUpTo(1));
      const pool = b.manager.pool('workers', { slots: 2 });
      const own = await world.until(pool.acquireAny());
      const [first, second] = [
        track(pool.acquireAny({ wait: 3000 })),
        track(pool.acquireAny({ wait: 1000 })),
      ];
      await world.advance(960);
      await (where === 'here' ? own : elsewhere[0]!).release();
      await world.advance(60);
      expect(second).toMatchObject({ state: 'rejected', error: { code: 'LOCK_TIMEOUT' } });
      await world.advance(100);
      expect(first.state).toBe('resolved');
    },
  );

  it('a slot that the store has forgotten and grants here again ends the lease before', async () => {
    const { manager, told } = world.replica();
    const pool = manager.pool('workers', { slots: 3 });
    const before = await world.until(pool.acquireAny());
    await world.store.revoke({ key: before.key, fencingToken: before.fencingToken, force: true });
    const [, again] = await world.until(pool.acquireUpTo(2));
    const third = await world.until(pool.acquireAny());
    expect(told('lost')).toEqual([expect.objectContaining({ owner: before.owner, cause: 'refused' })]);
    expect([before.isHeld, again!.isHeld, third.isHeld]).toEqual([false, true, true]);
    expect(await world.until(pool.tryAcquireAny())).toBeNull();
  });

  it('a set takes its last key although the others have used up nearly all of the wait', async () => {
    const [a, b] = [world.replica(), world.replica({ wrap: slowly(50) })];
    const held = await world.until(a.manager.acquire('a'));
    const set = track(b.manager.acquireAll(['a', 'b'], { wait: 1000 }));
    await world.advance(925);
    await held.release();
    await world.advance(200);
    expect(set).toMatchObject({ state: 'resolved', value: { isHeld: true } });
  });

  it('hooks of a slot that the store has forgotten, and grants here again, take turns', async () => {
    const { manager } = world.replica({ ttl: 3000 });
    const told: string[] = [];
    const balance = manager.pool('shards', { slots: 4 }).balance({
      onSlotAcquired: ({ slot }) => void told.push(`+${slot}`),
      onSlotLost: ({ slot }) => void told.push(`-${slot}`),
    });
    await world.advance(1000);
    expect(told.splice(0).sort()).toEqual(['+0', '+1', '+2', '+3']);
    for (const { slot, key, fencingToken } of balance.leases)
      if (slot < 2) await world.store.revoke({ key, fencingToken, force: true });
    const lost = balance.leases.find(({ slot }) => slot === 1)!;
    await world.store.acquire({ key: lost.key, owner: 'another', ttlMs: 60_000, sentAt: 0 });
    await expect(lost.renew()).rejects.toMatchObject({ code: 'LOCK_LOST' });
    await world.advance(100);
    expect(told).toEqual(['-1', '-0', '+0']);
    expect(balance.leases.map(({ slot }) => slot).sort()).toEqual([0, 2, 3]);
  });
});
