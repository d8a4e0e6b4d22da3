import { describe, expect, it } from '@jest/globals';
import type { Lease } from '../../lib/core/lease.js';
import { leftovers, NOTHING, useWorld } from './world.js';

describe('danger zone', () => {
  const world = useWorld();

  it('expiring fires once per lease when no renewal has succeeded for expiringAfter', async () => {
    const { manager, link, told } = world.replica({ ttl: 9000, expiringAfter: 5000 });
    const lease = await manager.acquire('k');
    const heard: number[] = [];
    lease.onExpiring(remainingMs => heard.push(Math.round(remainingMs)));
    link.cut();
    await world.advance(4999);
    expect([lease.isExpiring, heard.length]).toEqual([false, 0]);
    await world.advance(2);
    expect(lease.isExpiring).toBe(true);
    expect(heard).toEqual([9000 - 92 - 5000]);
    link.heal();
    await world.advance(3000);
    expect([lease.isHeld, lease.isExpiring]).toEqual([true, false]);
    link.cut();
    await world.advance(6000);
    expect(lease.isExpiring).toBe(true);
    expect([heard.length, told('expiring').length]).toEqual([1, 1]);
  });

  it('a renewal pushes it out', async () => {
    const { manager, told } = world.replica({ ttl: 9000, expiringAfter: 5000 });
    await manager.acquire('k');
    await world.advance(60_000);
    expect(told('expiring')).toEqual([]);
  });

  it('isExpiring answers by the clock, before any timer has fired, and not once lost', async () => {
    const { manager, clock, told } = world.replica({ ttl: 9000 });
    const lease = await manager.acquire('k');
    clock.block(7000);
    expect(lease.isExpiring).toBe(true);
    expect(told('expiring')).toEqual([]);
    clock.block(2000);
    expect(lease.isExpiring).toBe(false);
  });

  it('a longer renewal moves it by as much as it moves the end', async () => {
    const { manager } = world.replica({ ttl: 9000, expiringAfter: 5000, renewEvery: false });
    const lease = await manager.acquire('k');
    await lease.renew({ ttl: 19_000 });
    await world.advance(14_700);
    expect(lease.isExpiring).toBe(false);
    await world.advance(400);
    expect(lease.isExpiring).toBe(true);
  });

  it('a removed listener hears nothing', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    let heard = 0;
    lease.onExpiring(() => heard++)();
    link.cut();
    await world.advance(1000);
    expect(heard).toBe(0);
  });

  it.each(['release', 'renew', 'close', 'acquire'] as const)(
    'a listener that calls %s leaves nothing behind',
    async call => {
      const { manager, link, clock } = world.replica({ ttl: 1000 });
      const lease = await manager.acquire('k');
      const calls: Promise<unknown>[] = [];
      lease.onExpiring(() => {
        if (call === 'release') calls.push(lease.release());
        if (call === 'renew') calls.push(lease.renew().catch(() => undefined));
        if (call === 'close') calls.push(manager.close());
        if (call === 'acquire') calls.push(manager.acquire('k', { wait: 100 }).catch(() => undefined));
      });
      link.cut();
      await world.advance(700);
      expect(calls).toHaveLength(1);
      await world.until(Promise.all(calls));
      await world.until(lease.release());
      await world.advance(3000);
      expect(leftovers(manager)).toEqual(NOTHING);
      expect(clock.armedTimers).toBe(0);
    },
  );

  it.each(['renewal-failed', 'lost', 'acquired', 'renewed', 'released'] as const)(
    'a listener of %s that releases at once leaves no timer',
    async name => {
      const { manager, link, clock } = world.replica({ ttl: 1000 });
      const held: { lease?: Lease } = {};
      manager.on(name, () => void held.lease?.release());
      const lease = (held.lease = await manager.acquire('k'));
      if (name === 'released') await lease.release();
      link.script('renew', { kind: 'none' }, { kind: 'lose-request' });
      await world.advance(900);
      if (name === 'renewal-failed') expect(leftovers(manager)).toEqual(NOTHING);
      link.cut();
      await world.advance(200);
      if (name === 'acquired') await world.until(lease.release());
      if (name === 'renewal-failed') expect(lease.isHeld).toBe(false);
      await world.advance(1500);
      expect(leftovers(manager)).toEqual(NOTHING);
      expect(clock.armedTimers).toBe(0);
    },
  );
});
