import type { LockHeldError } from '../../lib/core/errors.js';
import { describe, expect, it } from '@jest/globals';
import type { Lease } from '../../lib/core/lease.js';
import { leftovers, track, useWorld } from './world.js';

describe('contention for one key', () => {
  const world = useWorld();

  it('1,000 local waiters on one key: one contender at the store; FIFO order', async () => {
    const other = await world.replica().manager.acquire('k');
    const { manager, link } = world.replica();
    const order: number[] = [];
    const waits = Array.from({ length: 1000 }, (_, i) =>
      manager.acquire('k', { wait: '1h' }).then(async lease => {
        order.push(i);
        await lease.release();
      }),
    );
    let contenders = 0;
    for (let ms = 0; ms < 3000; ms += 100) {
      await world.advance(100);
      contenders = new Set(link.calls.map(({ owner }) => owner)).size;
      expect(contenders).toBe(1);
    }
    expect(link.count('acquire')).toBeLessThan(30);
    await other.release();
    await world.until(Promise.all(waits));
    expect(order).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(link.count('release')).toBe(1000);
    expect(link.count('acquire')).toBeLessThan(1030);
  });

  it('exclusive inside this process: no two leases of a key are held at once', async () => {
    const replicas = [world.replica({ ttl: 1000 }), world.replica({ ttl: 1000 })];
    const held = new Set<Lease>();
    const work = async (i: number): Promise<void> => {
      const lease = await replicas[i % 2]!.manager.acquire('k', { wait: '1h' });
      expect([...held].filter(other => other.isHeld)).toEqual([]);
      held.add(lease);
      await new Promise<void>(resolve => world.clock.startTimer(30 + (i % 7) * 50, resolve));
      expect(lease.isHeld).toBe(true);
      held.delete(lease);
      await lease.release();
    };
    await world.until(Promise.all(Array.from({ length: 60 }, (_, i) => work(i))));
  });

  it('a release wakes the waiter of another replica by push, not by poll', async () => {
    const first = world.replica();
    const second = world.replica({ pollEvery: '1h' });
    const lease = await first.manager.acquire('k');
    const next = track(second.manager.acquire('k', { wait: '1h' }));
    await world.advance(3000);
    await lease.release();
    await world.settle();
    expect(next.state).toBe('resolved');
    // Whoever holds needs no hints.
    expect((world.store as any).hints.listeners.size).toBe(0);
  });

  it('without hints it polls, with jitter, and finds a released key within pollEvery', async () => {
    const first = world.replica();
    const second = world.replica({ pollEvery: 500 });
    second.link.loseHints();
    const lease = await first.manager.acquire('k');
    const next = track(second.manager.acquire('k', { wait: '1h' }));
    await world.advance(3000);
    await lease.release();
    await world.advance(501);
    expect(next.state).toBe('resolved');
    const gaps = second.link.calls.map(({ atMs }, i, all) => atMs - (all[i - 1]?.atMs ?? atMs));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(501);
    expect(new Set(gaps.map(Math.round)).size).toBeGreaterThan(3);
  });

  it('without hints it wakes when a dead holder’s lease ends, well before the next poll', async () => {
    const first = world.replica({ ttl: 1000 });
    const second = world.replica({ pollEvery: '1h' });
    second.link.loseHints();
    await first.manager.acquire('k', { renewEvery: false });
    const next = track(second.manager.acquire('k', { wait: '1h' }));
    await world.advance(1020);
    expect(next.state).toBe('resolved');
  });

  it('failure 1: a lease granted after a contended wait is valid for a whole TTL from then', async () => {
    const first = world.replica({ ttl: 1000 });
    const second = world.replica({ ttl: 1000 });
    const held = await first.manager.acquire('k');
    const next = track(second.manager.acquire('k', { wait: '1h' }));
    await world.advance(10_000);
    await held.release();
    await world.settle();
    expect(next.value?.isHeld).toBe(true);
    expect(next.value?.remainingMs).toBeGreaterThan(940);
  });

  it('failures 1, 2: a grant that was too long on its way is not handed out; it is asked for again', async () => {
    const { manager, link } = world.replica({ ttl: 1000, commandTimeout: 990 });
    link.script('acquire', { kind: 'delay', requestMs: 0, replyMs: 985 });
    const lease = await world.until(manager.acquire('k', { wait: '10s' }));
    expect(link.count('acquire')).toBe(2);
    expect(lease.isHeld).toBe(true);
    expect(lease.remainingMs).toBeCloseTo(950, 0);
  });

  it('failure 2: renewal is timed from the sending of the request, and a slow grant is renewed at once', async () => {
    const { manager, link } = world.replica({ ttl: 1000, commandTimeout: 900 });
    link.script('acquire', { kind: 'delay', requestMs: 0, replyMs: 600 });
    link.script('renew', { kind: 'delay', requestMs: 0, replyMs: 50 });
    const lease = await world.until(manager.acquire('k'));
    expect(lease.remainingMs).toBeCloseTo(350, 0);
    expect(link.count('renew')).toBe(1);
    await world.advance(51);
    expect(lease.remainingMs).toBeCloseTo(899, 0);
  });

  it('failures 11, 16: a key re-acquired after loss and after release is renewed as the first was', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    for (let i = 0; i < 3; i++) {
      const lost = await world.until(manager.acquire('k', { wait: '5s' }));
      link.cut();
      await world.advance(1000);
      link.heal();
      expect(lost.isHeld).toBe(false);
      const lease = await world.until(manager.acquire('k', { wait: '5s' }));
      await world.advance(10_000);
      expect(lease.isHeld).toBe(true);
      await lease.release();
      const before = link.count('renew');
      await world.advance(10_000);
      expect(link.count('renew')).toBe(before);
    }
  });

  it('announces waiting once per holder, and who holds', async () => {
    const first = world.replica({ service: 'orders' });
    const second = world.replica();
    const lease = await first.manager.acquire('k');
    const next = second.manager.acquire('k', { wait: '1h' });
    await world.advance(20_000);
    expect(second.told('waiting')).toMatchObject([{ key: 'k', holder: { service: 'orders' } }]);
    await lease.release();
    await world.until(next);
  });

  it('LockTimeoutError says how long it waited and who holds the key', async () => {
    await world.replica({ service: 'orders', url: 'http://o' }).manager.acquire('k');
    const { manager } = world.replica();
    await expect(world.until(manager.acquire('k', { wait: 1500 }))).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      waitedMs: expect.closeTo(1500, 0),
      holder: { service: 'orders', url: 'http://o', pid: process.pid },
      message: expect.stringMatching(
        /key 'k' was not granted within 1500 ms; held by orders on .*Wait longer/,
      ),
    });
  });

  it('a waiter behind a local holder times out with LockTimeoutError too, and leaves nothing', async () => {
    const { manager } = world.replica();
    const lease = await manager.acquire('k');
    await expect(world.until(manager.acquire('k', { wait: 500 }))).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
    });
    expect(leftovers(manager)).toMatchObject({ waiters: 0, leases: 1 });
    expect(lease.isHeld).toBe(true);
  });

  it('a wait that ends while its own first attempt is on its way, after a local holder, is a LockTimeoutError', async () => {
    const { manager, link } = world.replica();
    const holder = await manager.acquire('k');
    const wait = track(manager.acquire('k', { wait: 1000 }));
    await world.advance(990);
    link.script('acquire', { kind: 'delay', replyMs: 20 });
    await holder.release();
    await world.advance(15);
    expect(wait.error).toMatchObject({ code: 'LOCK_TIMEOUT', holder: { pid: process.pid } });
    await world.advance(100);
    expect(await world.store.inspect('k')).toBe(null);
  });

  it('so is one that ends while the release of a local holder is on its way', async () => {
    const { manager, link } = world.replica();
    const holder = await manager.acquire('k');
    const wait = track(manager.acquire('k', { wait: 1000 }));
    await world.advance(990);
    link.script('release', { kind: 'delay', requestMs: 20 });
    void holder.release();
    await world.advance(15);
    expect(wait.error).toMatchObject({ code: 'LOCK_TIMEOUT' });
  });

  it('waits in acquire keep the process alive, renewals and campaigns do not', async () => {
    const first = world.replica();
    const second = world.replica();
    await first.manager.acquire('k');
    await world.advance(100);
    expect(first.clock.armedTimers).toBe(1);
    expect(first.clock.armedRefTimers).toBe(0);
    const lock = second.manager.lock('k');
    void lock.lock().catch(() => undefined);
    await world.advance(100);
    expect(second.clock.armedTimers).toBeGreaterThan(0);
    expect(second.clock.armedRefTimers).toBe(0);
    void second.manager.acquire('k', { wait: '1h' }).catch(() => undefined);
    await world.advance(100);
    expect(second.clock.armedRefTimers).toBeGreaterThan(0);
  });

  it('a campaign does not keep the process alive while the store is silent either', async () => {
    const { manager, link, clock } = world.replica();
    link.cut();
    void manager
      .lock('k')
      .lock()
      .catch(() => undefined);
    await world.everyMs(3000, () => expect(clock.armedRefTimers).toBe(0));
  });

  it('since tells when the key was acquired, not since when it was waited for; locally and at the store', async () => {
    const before = await world.replica().manager.acquire('k');
    const { manager, clock } = world.replica();
    const waiting = manager.acquire('k', { wait: '1h' });
    await world.advance(60_000);
    await before.release();
    await world.until(waiting);
    const stored = (await world.store.inspect('k'))!.holder!.since;
    expect(Math.abs(Date.parse(stored) - clock.wallMs())).toBeLessThan(1000);
    await world.advance(60_000);
    const busy = await manager.acquire('k', { wait: false }).catch((error: LockHeldError) => error);
    expect((busy as LockHeldError).holder?.since).toBe(stored);
  });
});
