import { describe, expect, it } from '@jest/globals';
import { leftovers, NOTHING, track, useWorld } from './world.js';

describe('Lock follows dsync', () => {
  const world = useWorld();

  it('one shared Lock per key; later options are ignored, and logged', async () => {
    const { manager, warnings } = world.replica();
    const lock = manager.lock('k', { ttl: 3000 });
    expect(manager.lock('k')).toBe(lock);
    expect(warnings).toEqual([]);
    expect(manager.lock('k', { ttl: 50_000 })).toBe(lock);
    expect(warnings).toEqual([expect.stringMatching(/lock\('k'\) exists; .*ignored: ttl/)]);
    const lease = await lock.lock();
    expect(lease.remainingMs).toBeLessThan(3000);
    expect(manager.lock('other')).not.toBe(lock);
  });

  it('lock() resolves once held, and at once if held, with one and the same lease', async () => {
    const { manager, link } = world.replica();
    const lock = manager.lock('k');
    expect([lock.isHeld, lock.lease, lock.lost.aborted]).toEqual([false, null, true]);
    const leases = await Promise.all([lock.lock(), lock.lock(), lock.tryLock()]);
    expect(new Set(leases).size).toBe(1);
    expect(await lock.lock()).toBe(leases[0]);
    expect(link.count('acquire')).toBe(1);
    expect([lock.isHeld, lock.lease, lock.lost.aborted]).toEqual([true, leases[0], false]);
  });

  it('tryLock() rejects as soon as another holder is seen; the campaign goes on and gets the key', async () => {
    const held = await world.replica({ service: 'orders' }).manager.acquire('k');
    const { manager, link } = world.replica();
    const lock = manager.lock('k');
    await expect(lock.tryLock()).rejects.toMatchObject({ code: 'LOCK_HELD', holder: { service: 'orders' } });
    await world.advance(100);
    const count = link.count();
    await expect(lock.tryLock()).rejects.toMatchObject({ code: 'LOCK_HELD' });
    expect(link.count()).toBe(count);
    await held.release();
    await world.settle();
    expect(lock.isHeld).toBe(true);
  });

  it('tryLock() rejects for a lease that this manager has acquired otherwise', async () => {
    const { manager } = world.replica();
    const lease = await manager.acquire('k');
    const lock = manager.lock('k');
    await expect(lock.tryLock()).rejects.toMatchObject({ code: 'LOCK_HELD' });
    await lease.release();
    await world.settle();
    expect(lock.isHeld).toBe(true);
  });

  it('tryLock() waits while it is unknown who holds the key', async () => {
    const { manager, link } = world.replica();
    link.cut();
    const lock = manager.lock('k');
    const attempt = track(lock.tryLock());
    await world.advance(60_000);
    expect(attempt.state).toBe('pending');
    link.heal();
    await world.advance(5000);
    expect(attempt.state).toBe('resolved');
  });

  it('tryLock() after a loss waits again: who held the key before is no news', async () => {
    const held = await world.replica().manager.acquire('k');
    const { manager, link } = world.replica({ ttl: 1000 });
    const lock = manager.lock('k');
    await expect(lock.tryLock()).rejects.toMatchObject({ code: 'LOCK_HELD' });
    await held.release();
    await world.settle();
    expect(lock.isHeld).toBe(true);
    link.cut();
    await world.advance(1000);
    const attempt = track(lock.tryLock());
    await world.advance(5000);
    expect(attempt.state).toBe('pending');
    link.heal();
    await world.advance(2000);
    expect(attempt.state).toBe('resolved');
  });

  it('whatever the wait: aborted, the campaign goes on in the background', async () => {
    const held = await world.replica().manager.acquire('k');
    const { manager } = world.replica();
    const lock = manager.lock('k');
    const gone = new AbortController();
    const wait = track(lock.lock({ signal: gone.signal }));
    const other = track(lock.lock());
    await world.settle();
    gone.abort(new Error('gone'));
    await world.settle();
    expect(wait.error?.message).toBe('gone');
    expect(other.state).toBe('pending');
    await held.release();
    await world.settle();
    expect(lock.isHeld).toBe(true);
    expect(other.value).toBe(lock.lease);
  });

  it('re-acquires after loss; lost is aborted whenever not held, and a new one for each hold (failure 11)', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    const lock = manager.lock('k');
    const first = await lock.lock();
    const lost = lock.lost;
    for (let i = 0; i < 3; i++) {
      const before = lock.lost;
      link.cut();
      await world.advance(960);
      expect([before.aborted, lock.isHeld, lock.lost.aborted, lock.lease]).toEqual([true, false, true, null]);
      link.heal();
      await world.advance(1500);
      expect([lock.isHeld, lock.lost.aborted]).toEqual([true, false]);
      expect(lock.lost).not.toBe(before);
    }
    expect(lost.reason).toMatchObject({ code: 'LOCK_LOST' });
    expect(lock.lease!.fencingToken).toBeGreaterThan(first.fencingToken);
    await world.advance(20_000);
    expect(lock.isHeld).toBe(true);
  });

  it('failure 7: a gap is never hidden: the lease of before stays lost, and its signal aborted', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    const lock = manager.lock('k');
    const first = await lock.lock();
    link.cut();
    await world.advance(1000);
    link.heal();
    await world.advance(2000);
    expect(lock.isHeld).toBe(true);
    expect([first.isHeld, first.signal.aborted]).toEqual([false, true]);
    expect(await lock.lock()).not.toBe(first);
  });

  it('a permanent error rejects those who wait; the campaign goes on and is held once it is cured', async () => {
    const { manager, link } = world.replica();
    link.fail('acquire', { kind: 'reject', retryable: false });
    const lock = manager.lock('k');
    await expect(lock.lock()).rejects.toMatchObject({ code: 'LOCK_STORE_REJECTED' });
    await expect(world.until(lock.tryLock())).rejects.toMatchObject({ code: 'LOCK_STORE_REJECTED' });
    link.fail('acquire', null);
    await world.advance(1001);
    expect(lock.isHeld).toBe(true);
  });

  it('stopCampaigns leaves held locks held, and lets none be acquired again', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    const { manager: other } = world.replica({ ttl: 1000 });
    await other.acquire('busy');
    const held = manager.lock('held');
    await held.lock();
    const waiting = track(manager.lock('busy').lock());
    manager.stopCampaigns();
    await world.advance(5000);
    expect(held.isHeld).toBe(true);
    expect(waiting.error).toMatchObject({ code: 'LOCK_RELEASED' });
    link.cut();
    await world.advance(2000);
    link.heal();
    await world.advance(5000);
    expect(held.isHeld).toBe(false);
    expect((await held.lock()).isHeld).toBe(true);
  });

  it('an abort listener that locks again, or releases, upon loss is served', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    const lock = manager.lock('k');
    const lease = await lock.lock();
    let again: ReturnType<typeof track> | undefined;
    lease.signal.addEventListener('abort', () => {
      again = track(lock.lock());
      void lease.release();
    });
    link.cut();
    await world.advance(1000);
    link.heal();
    await world.advance(2000);
    expect(again?.value).toBe(lock.lease);
    lock.lost.addEventListener('abort', () => void lock.release());
    link.cut();
    await world.advance(1000);
    link.heal();
    await world.advance(5000);
    expect(lock.isHeld).toBe(false);
    expect(leftovers(manager)).toEqual(NOTHING);
  });
});
