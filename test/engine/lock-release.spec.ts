import { describe, expect, it } from '@jest/globals';
import { leftovers, microtasks, NOTHING, track, useWorld } from './world.js';

describe('Lock, released', () => {
  const world = useWorld();

  it('release during a wait rejects that wait', async () => {
    const held = await world.replica().manager.acquire('k');
    const { manager } = world.replica();
    const lock = manager.lock('k');
    const wait = track(lock.lock());
    await world.advance(100);
    await lock.release();
    expect(wait.error).toMatchObject({ code: 'LOCK_RELEASED' });
    await held.release();
    await world.advance(5000);
    expect(lock.isHeld).toBe(false);
    expect(leftovers(manager)).toEqual(NOTHING);
  });

  it('release is idempotent, ends the campaign, and the lock is forgotten', async () => {
    const { manager, link, clock } = world.replica();
    const lock = manager.lock('k');
    await lock.release();
    await lock.lock();
    await Promise.all([lock.release(), lock.release()]);
    await lock.release();
    expect(link.count('release')).toBe(1);
    expect(leftovers(manager)).toEqual(NOTHING);
    await world.advance(60_000);
    expect(lock.isHeld).toBe(false);
    expect(clock.armedTimers).toBe(0);
    expect(manager.lock('k')).not.toBe(lock);
  });

  it('release at any point of an acquire leaves the key free', async () => {
    for (let step = 0; step < 40; step++) {
      const { manager } = world.replica();
      const lock = manager.lock('k');
      const wait = track(lock.lock());
      if (step > 0) await microtasks(step - 1);
      await world.until(lock.release());
      await world.settle();
      expect(wait.state).not.toBe('pending');
      expect({ step, held: (await world.store.inspect('k'))?.isHeld ?? false }).toEqual({
        step,
        held: false,
      });
      expect({ step, ...leftovers(manager) }).toEqual({ step, ...NOTHING });
    }
  });

  it('release then lock starts a fresh campaign that the old one cannot disturb', async () => {
    for (let step = 0; step < 30; step++) {
      const { manager, link } = world.replica();
      link.script('release', { kind: 'delay', requestMs: 50, replyMs: 50 });
      const lock = manager.lock('k');
      const first = track(lock.lock());
      if (step > 0) await microtasks(step - 1);
      const released = lock.release();
      const second = track(lock.lock());
      await world.until(released);
      await world.advance(500);
      expect({ step, state: second.state }).toEqual({ step, state: 'resolved' });
      expect(second.value!.isHeld).toBe(true);
      expect(lock.lease).toBe(second.value);
      expect(first.state).not.toBe('pending');
      expect(leftovers(manager).leases).toBe(1);
      await world.until(lock.release());
    }
  });

  it('a lock that was released and is used again joins the one that stands for the key by then', async () => {
    const { manager } = world.replica();
    const old = manager.lock('k');
    await old.lock();
    await old.release();
    const standing = manager.lock('k');
    const lease = await standing.lock();
    expect(await old.lock()).toBe(lease);
    expect([old.isHeld, old.lease, old.lost]).toEqual([true, lease, standing.lost]);
    await old.release();
    expect(standing.isHeld).toBe(false);
  });

  it('its lease released by itself ends the campaign', async () => {
    const { manager, clock } = world.replica();
    const lock = manager.lock('k');
    await (await lock.lock()).release();
    await world.advance(10_000);
    expect(lock.isHeld).toBe(false);
    expect(clock.armedTimers).toBe(0);
    expect(leftovers(manager)).toEqual(NOTHING);
  });

  it('lock() right after its lease was released by itself gets a new hold, at whatever point', async () => {
    for (let step = 0; step < 20; step++) {
      const { manager } = world.replica();
      const lock = manager.lock('k');
      const lease = await lock.lock();
      const released = lease.release();
      if (step > 0) await microtasks(step - 1);
      const again = track(lock.lock());
      await released;
      await world.advance(100);
      expect({ step, state: again.state }).toEqual({ step, state: 'resolved' });
      expect(again.value!.isHeld).toBe(true);
      await lock.release();
    }
  });
});
