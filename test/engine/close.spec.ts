import { describe, expect, it } from '@jest/globals';
import type { LeaseStore } from '../../lib/core/lease-store.js';
import { leftovers, microtasks, NOTHING, track, useWorld } from './world.js';

describe('close', () => {
  const world = useWorld();
  const isFree = async (key = 'k'): Promise<boolean> => (await world.store.inspect(key))?.isHeld !== true;

  it('releases every lease, rejects every waiter, and refuses what comes later', async () => {
    const { manager, clock } = world.replica();
    const leases = [await manager.acquire('a'), await manager.acquire('b')];
    const waiter = track(manager.acquire('a', { wait: '1h' }));
    const lock = manager.lock('a');
    const lockWaiter = track(lock.lock());
    await world.settle();
    await world.until(manager.close());
    expect(leases.map(({ isHeld }) => isHeld)).toEqual([false, false]);
    expect(leases[0]!.signal.reason).toMatchObject({ code: 'LOCK_RELEASED' });
    expect([await isFree('a'), await isFree('b')]).toEqual([true, true]);
    expect(waiter.error).toMatchObject({ code: 'LOCK_MANAGER_CLOSED' });
    expect(lockWaiter.error).toMatchObject({ code: 'LOCK_MANAGER_CLOSED' });
    expect(leftovers(manager)).toEqual(NOTHING);
    expect(clock.armedTimers).toBe(0);
    const closed = { code: 'LOCK_MANAGER_CLOSED' };
    await expect(manager.acquire('c')).rejects.toMatchObject(closed);
    await expect(manager.tryAcquire('c')).rejects.toMatchObject(closed);
    await expect(manager.withLock('c', () => 1)).rejects.toMatchObject(closed);
    await expect(lock.lock()).rejects.toMatchObject(closed);
    await expect(lock.tryLock()).rejects.toMatchObject(closed);
    await world.advance(60_000);
    expect(clock.armedTimers).toBe(0);
  });

  it('is idempotent, and every caller waits for the same end', async () => {
    const { manager, link } = world.replica();
    await manager.acquire('k');
    await world.until(Promise.all([manager.close(), manager.close(), manager[Symbol.asyncDispose]()]));
    expect(link.count('release')).toBe(1);
  });

  it('at any point of an acquire under way leaves nothing held', async () => {
    for (let step = 0; step < 40; step++) {
      const { manager, clock } = world.replica();
      const attempt = track(manager.acquire('k'));
      if (step > 0) await microtasks(step - 1);
      await world.until(manager.close());
      await world.settle();
      expect({ step, free: await isFree(), timers: clock.armedTimers }).toEqual({
        step,
        free: true,
        timers: 0,
      });
      if (attempt.state === 'resolved') expect(attempt.value!.isHeld).toBe(false);
    }
  });

  it('at any point of a withLock under way, never runs its work without the lock', async () => {
    for (let step = 0; step < 40; step++) {
      const { manager } = world.replica();
      const seen: boolean[] = [];
      const run = track(manager.withLock('k', lease => void seen.push(lease.isHeld)));
      if (step > 0) await microtasks(step - 1);
      await world.until(manager.close());
      await world.settle();
      expect({ step, seen: seen.includes(false) }).toEqual({ step, seen: false });
      expect(run.state).not.toBe('pending');
      expect(await isFree()).toBe(true);
    }
  });

  it('waits for an acquire under way and releases what it was granted', async () => {
    const { manager, link } = world.replica();
    link.script('acquire', { kind: 'delay', requestMs: 500, replyMs: 500 });
    const attempt = track(manager.acquire('k'));
    await world.advance(100);
    await world.until(manager.close());
    expect(attempt.error).toMatchObject({ code: 'LOCK_MANAGER_CLOSED' });
    await world.advance(1000);
    expect(await isFree()).toBe(true);
  });

  it('with 1,000 waiters on one key sends no acquire for any of them', async () => {
    const { manager, link } = world.replica();
    await world.replica().manager.acquire('k');
    for (let i = 0; i < 1000; i++) void manager.acquire('k').catch(() => undefined);
    await world.advance(10);
    const count = link.count('acquire');
    await world.until(manager.close());
    await world.advance(1000);
    expect(link.count('acquire')).toBe(count);
  });

  it('waits for withLock work to end, then releases; failure 20: one failed release skips no other', async () => {
    const { manager, link } = world.replica();
    for (const key of ['a', 'b', 'c']) await manager.acquire(key);
    let ended = 0;
    const work = track(
      manager.withLock('k', async () => {
        await new Promise<void>(resolve => world.clock.startTimer(3000, resolve));
        ended = world.clock.monotonicMs();
      }),
    );
    await world.advance(10);
    link.script('release', { kind: 'none' }, { kind: 'reject' }, { kind: 'lose-request', settle: 'unsent' });
    await world.until(manager.close());
    expect(ended).toBe(3000);
    expect(work.state).toBe('resolved');
    for (const key of ['a', 'b', 'c', 'k']) expect([key, await isFree(key)]).toEqual([key, true]);
  });

  it('never releases a lease whose work has not ended: its signal aborts, and it ends by TTL', async () => {
    const { manager, told, link } = world.replica({ ttl: 5000 });
    let finish!: () => void;
    let signal!: AbortSignal;
    const run = track(
      manager.withLock('k', lease => {
        signal = lease.signal;
        return new Promise<void>(resolve => (finish = resolve));
      }),
    );
    await world.advance(1000);
    await world.until(manager.close({ timeoutMs: 2000 }));
    expect(signal.reason).toMatchObject({ code: 'LOCK_LOST', lossCause: 'closed' });
    expect(told('lost')).toMatchObject([{ cause: 'closed' }]);
    expect(await isFree()).toBe(false);
    finish();
    await world.settle();
    expect(run.error).toMatchObject({ code: 'LOCK_LOST' });
    expect(link.count('release')).toBe(0);
    await world.advance(5000);
    expect(await isFree()).toBe(true);
  });

  it('does not release such a lease for a renewal whose reply comes after its work was given up', async () => {
    const { manager, link } = world.replica({ ttl: 9000 });
    void manager.withLock('k', () => new Promise(() => undefined)).catch(() => undefined);
    await world.advance(100);
    link.fail('renew', { kind: 'delay', requestMs: 0, replyMs: 1500 });
    // Renewals go out at 3 s, 6 s …; close gives up at 6.5 s while the one of 6 s is under way, and b's release keeps it busy.
    const busy = await manager.acquire('b');
    link.fail('release', { kind: 'delay', requestMs: 0, replyMs: 1700 });
    await world.advance(5400);
    expect(busy.isHeld).toBe(true);
    const closing = manager.close({ timeoutMs: 1000 });
    await world.advance(1000);
    expect(await isFree()).toBe(false);
    await world.until(closing);
    await world.advance(1600);
    expect(await isFree()).toBe(false);
    expect(link.calls.filter(({ method, key }) => method === 'release' && key === 'k')).toEqual([]);
  });

  it('keeps to its time with a store that never answers, and leaves no timer', async () => {
    const { manager, link, clock } = world.replica();
    const lease = await manager.acquire('a');
    const lock = manager.lock('l');
    await lock.lock();
    link.cut();
    const waits = [track(manager.acquire('x')), track(manager.acquire('x')), track(manager.tryAcquire('y'))];
    await world.advance(500);
    const before = world.clock.monotonicMs();
    await world.until(manager.close({ timeoutMs: 4000 }));
    expect(world.clock.monotonicMs() - before).toBeLessThanOrEqual(4000);
    expect(lease.isHeld || lock.isHeld).toBe(false);
    expect(waits.map(({ error }) => error.code)).toEqual(Array(3).fill('LOCK_MANAGER_CLOSED'));
    expect(clock.armedTimers).toBe(0);
  });

  it.each<[string, () => Promise<void>]>([
    ['rejects', () => Promise.reject(new Error('no'))],
    ['never settles', () => new Promise<void>(() => undefined)],
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
  ])('never rejects and ends though the store’s close %s', async (_, close) => {
    const wrap = (store: LeaseStore): LeaseStore => Object.assign(Object.create(store), { close });
    const { manager, clock } = world.replica({ wrap });
    await manager.acquire('k');
    await expect(world.until(manager.close({ timeoutMs: 1000 }), 10_000)).resolves.toBeUndefined();
    expect(clock.armedTimers).toBe(0);
  });

  it('closes the store last', async () => {
    const order: string[] = [];
    const { manager } = world.replica({
      wrap: store =>
        Object.assign(Object.create(store), {
          release: (...args: [any, any]) => (order.push('release'), store.release(...args)),
          close: async () => void order.push('close'),
        }),
    });
    await manager.acquire('a');
    void manager.lock('b').lock();
    await world.settle();
    await world.until(manager.close());
    expect(order).toEqual(['release', 'release', 'close']);
  });

  it('called from a lost listener, or from an abort listener, is as any other', async () => {
    const { manager, link, clock } = world.replica({ ttl: 1000 });
    const closings: Promise<void>[] = [];
    manager.on('lost', () => closings.push(manager.close()));
    const lease = await manager.acquire('k');
    lease.signal.addEventListener('abort', () => closings.push(manager.close()));
    const waiter = track(manager.acquire('k'));
    link.cut();
    await world.advance(1000);
    await world.until(Promise.all(closings));
    expect(closings).toHaveLength(2);
    expect(waiter.error).toMatchObject({ code: 'LOCK_MANAGER_CLOSED' });
    expect(clock.armedTimers).toBe(0);
  });

  it('called inside withLock of its own ends within its time', async () => {
    const { manager } = world.replica({ ttl: 5000 });
    const run = track(manager.withLock('k', () => manager.close({ timeoutMs: 1000 })));
    await world.advance(3000);
    expect(run.state).not.toBe('pending');
  });

  it('await using closes a manager and releases a lease', async () => {
    const { manager } = world.replica();
    {
      await using lease = await manager.acquire('k');
      expect(lease.isHeld).toBe(true);
    }
    expect(await isFree()).toBe(true);
  });
});
