import { describe, expect, it } from '@jest/globals';
import { leftovers, NOTHING, track, useWorld } from './world.js';

describe('release', () => {
  const world = useWorld();

  it('is local at once: isHeld false, signal aborted with reason "released", one event, before any reply', async () => {
    const { manager, link, told } = world.replica();
    const lease = await manager.acquire('k');
    const { signal } = lease;
    await world.advance(2000);
    link.cut();
    void lease.release();
    expect([lease.isHeld, lease.isExpiring, lease.remainingMs]).toEqual([false, false, 0]);
    expect(signal.reason).toMatchObject({
      code: 'LOCK_RELEASED',
      message: expect.stringMatching(/'k' was released here/),
    });
    expect(() => lease.assertHeld()).toThrow(expect.objectContaining({ code: 'LOCK_RELEASED' }));
    expect(told('released')).toMatchObject([{ heldMs: expect.closeTo(2000, 0) }]);
    expect(told('lost')).toEqual([]);
  });

  it('is idempotent: one command, the same promise’s end for all', async () => {
    const { manager, link, told } = world.replica();
    const lease = await manager.acquire('k');
    await Promise.all([lease.release(), lease.release(), lease[Symbol.asyncDispose]()]);
    await lease.release();
    expect(link.count('release')).toBe(1);
    expect(told('released')).toHaveLength(1);
  });

  it('an abort listener that calls release, acquire or close finds everything in order', async () => {
    const { manager } = world.replica();
    const lease = await manager.acquire('k');
    let next: ReturnType<typeof track> | undefined;
    lease.signal.addEventListener('abort', () => {
      void lease.release();
      next = track(manager.acquire('k'));
      void manager.tryAcquire('k').catch(() => undefined);
    });
    await lease.release();
    await world.settle();
    expect(next!.state).toBe('resolved');
    expect(leftovers(manager).leases).toBe(1);
  });

  it('hands the key to the next local waiter only when the store has answered, or has not within the command’s time', async () => {
    const { manager, link } = world.replica();
    const lease = await manager.acquire('k');
    const next = track(manager.acquire('k'));
    link.script('release', { kind: 'delay', requestMs: 300, replyMs: 300 });
    void lease.release();
    await world.advance(590);
    expect(next.state).toBe('pending');
    expect(link.count('acquire')).toBe(1);
    await world.advance(20);
    expect(next.state).toBe('resolved');
  });

  it('a release that hangs holds up the next local waiter for one command’s time at most', async () => {
    const { manager, link } = world.replica({ ttl: 5000 });
    const lease = await manager.acquire('k');
    const next = track(manager.acquire('k', { wait: '1m' }));
    link.script('release', { kind: 'lose-request' });
    void lease.release();
    await world.advance(3000);
    expect(next.state).toBe('resolved');
  });

  it('holdAtLeast keeps the key from all others after an early release, this replica included', async () => {
    const first = world.replica();
    const second = world.replica();
    const lease = await first.manager.acquire('k', { holdAtLeast: 4000 });
    await world.advance(1000);
    await lease.release();
    expect(lease.isHeld).toBe(false);
    await world.advance(2990);
    expect(await first.manager.tryAcquire('k')).toBeNull();
    expect(await second.manager.tryAcquire('k')).toBeNull();
    const next = track(second.manager.acquire('k'));
    await world.advance(30);
    expect(next.state).toBe('resolved');
  });

  it('holdAtLeast does nothing to a later release, nor when the first attempt was lost', async () => {
    const { manager, link } = world.replica();
    const late = await manager.acquire('a', { holdAtLeast: 1000 });
    await world.advance(1001);
    await late.release();
    expect(await manager.tryAcquire('a')).not.toBeNull();
    const lease = await manager.acquire('b', { holdAtLeast: 4000 });
    link.script('release', { kind: 'lose-request', settle: 'unsent' });
    await lease.release();
    await world.advance(3990);
    expect(await manager.tryAcquire('b')).toBeNull();
    await world.advance(20);
    expect(await manager.tryAcquire('b')).not.toBeNull();
  });

  it('close keeps holdAtLeast', async () => {
    const { manager } = world.replica();
    await manager.acquire('k', { holdAtLeast: 5000 });
    await world.until(manager.close());
    expect((await world.store.inspect('k'))?.isHeld).toBe(true);
    await world.advance(5001);
    expect((await world.store.inspect('k'))?.isHeld ?? false).toBe(false);
  });

  it('after a loss it is silent here, and still sends one conditional release', async () => {
    const { manager, link, told } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    link.cut();
    await world.advance(1000);
    link.heal();
    await lease.release();
    await lease.release();
    expect(link.count('release')).toBe(1);
    expect(told('released')).toEqual([]);
    link.fail('release', { kind: 'reject' });
    const other = await manager.acquire('j');
    link.cut();
    await world.advance(1000);
    link.heal();
    await expect(other.release()).resolves.toBeUndefined();
    await world.advance(5000);
    expect(link.count('release')).toBe(2);
  });

  it('a refused lease can be acquired again once the store has ended it', async () => {
    const { manager } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    expect(await manager.revoke('k')).toBe(true);
    await world.advance(400);
    expect(lease.isHeld).toBe(false);
    expect(await manager.tryAcquire('k')).toBeNull();
    await world.advance(700);
    expect(await manager.tryAcquire('k')).not.toBeNull();
  });

  it('10,000 acquire/lose/release cycles: no timer, listener, queue entry or heap growth left', async () => {
    const { manager, clock, link, events } = world.replica({ ttl: 1000 });
    const { services } = (manager as any).engine;
    const hints = (world.store as any).hints.listeners;
    const cycle = async (i: number): Promise<void> => {
      const key = `k${i}`;
      const lease = await manager.acquire(key);
      lease.signal.addEventListener('abort', () => undefined);
      lease.onExpiring(() => undefined);
      if (i % 2 === 0) await world.store.revoke({ key, fencingToken: lease.fencingToken, force: true });
      if (i % 2 === 0) await lease.renew().catch(() => undefined);
      expect(lease.isHeld).toBe(i % 2 === 1);
      await lease.release();
      const lock = manager.lock(key);
      await lock.lock();
      await lock.release();
      link.calls.length = 0;
      events.length = 0;
    };
    const counts = (): object => ({
      ...leftovers(manager),
      timers: clock.armedTimers,
      hints: hints.size,
      abandoned: services.abandoned.owners.size,
    });
    const none = { ...NOTHING, timers: 0, hints: 0, abandoned: 0 };
    const heap = (): number => {
      (globalThis as any).gc(); // npm test exposes it
      return process.memoryUsage().heapUsed;
    };
    for (let i = 0; i < 2000; i++) await cycle(i);
    expect(counts()).toEqual(none);
    const before = heap();
    for (let i = 2000; i < 10_000; i++) await cycle(i);
    await world.settle();
    expect(counts()).toEqual(none);
    expect(heap() - before).toBeLessThan(2_000_000);
  });
});
