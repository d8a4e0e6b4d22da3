import { describe, expect, it } from '@jest/globals';
import { track, useWorld } from './world.js';

describe('loss, as the holder’s own clock tells it', () => {
  const world = useWorld();

  it('event loop blocked for 2 × TTL: assertHeld() throws in the same tick (failure 9)', async () => {
    const { manager, clock } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    clock.block(2000);
    expect(() => lease.assertHeld()).toThrow(
      expect.objectContaining({ code: 'LOCK_LOST', lossCause: 'expired' }),
    );
  });

  it('event loop blocked for 2 × TTL: lease.signal.aborted is true in the same tick, though read before', async () => {
    const { manager, clock } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    const { signal } = lease;
    let heard = 0;
    signal.addEventListener('abort', () => heard++);
    clock.block(2000);
    expect(lease.signal.aborted).toBe(true);
    expect(lease.signal).toBe(signal);
    expect(heard).toBe(1);
  });

  it.each(['isHeld', 'isExpiring', 'remainingMs'] as const)(
    'event loop blocked for 2 × TTL: %s says so in the same tick',
    async property => {
      const { manager, clock } = world.replica({ ttl: 1000 });
      const lease = await manager.acquire('k');
      clock.block(2000);
      expect(lease[property]).toBe(property === 'remainingMs' ? 0 : false);
    },
  );

  it('a block shorter than the lease loses nothing, and renewal catches up', async () => {
    const { manager, clock } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    clock.block(940);
    expect(lease.isHeld).toBe(true);
    await world.advance(5000);
    expect(lease.isHeld).toBe(true);
  });

  it('failure 15: a machine suspended for longer than the lease says lost before any timer fires', async () => {
    const { manager, clock, told } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    clock.suspend(1500);
    expect(lease.isHeld).toBe(false);
    expect(told('lost')).toMatchObject([{ cause: 'clock-jump' }]);
  });

  it('a suspend with the wall clock set back before it is not hidden', async () => {
    const { manager, clock } = world.replica({ ttl: 10_000 });
    const lease = await manager.acquire('k');
    await world.advance(1000);
    clock.jumpWall(-3_600_000);
    await world.advance(4000);
    clock.suspend(11_000);
    expect(lease.isHeld).toBe(false);
  });

  it('a wall clock that jumps forward makes the holder lose, cause clock-jump', async () => {
    const { manager, clock } = world.replica({ ttl: 10_000 });
    const lease = await manager.acquire('k');
    clock.jumpWall(60_000);
    expect(() => lease.assertHeld()).toThrow(expect.objectContaining({ lossCause: 'clock-jump' }));
  });

  it('a wall clock that jumps back neither loses nor prolongs', async () => {
    const { manager, clock, link } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    clock.jumpWall(-60_000);
    await world.advance(5000);
    expect(lease.isHeld).toBe(true);
    link.cut();
    await world.advance(1000);
    expect(lease.isHeld).toBe(false);
  });

  it('failure 6: no wall-clock jump causes a take-over', async () => {
    const first = world.replica({ ttl: 1000 });
    const second = world.replica({ ttl: 1000 });
    const lease = await first.manager.acquire('k');
    const wait = track(second.manager.acquire('k', { wait: '4s' }));
    for (const jump of [3_600_000, -7_200_000, 86_400_000]) {
      second.clock.jumpWall(jump);
      world.clock.jumpWall(-jump);
      await world.advance(1000);
      expect(lease.isHeld).toBe(true);
      expect(wait.state).toBe('pending');
    }
  });

  it('failure 15: a process paused between a renewal and its use of the key is told on its first look', async () => {
    const first = world.replica({ ttl: 1000 });
    const second = world.replica({ ttl: 1000 });
    const lease = await first.manager.acquire('k');
    const resume = first.clock.pause('stalled');
    const next = await world.until(second.manager.acquire('k', { wait: '5s' }));
    resume();
    expect(lease.isHeld).toBe(false);
    expect(() => lease.assertHeld()).toThrow(expect.objectContaining({ code: 'LOCK_LOST' }));
    expect(next.fencingToken).toBeGreaterThan(lease.fencingToken);
  });

  it('loss is told once: one event, one abort, and the same cause ever after', async () => {
    const { manager, link, told } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    let aborts = 0;
    lease.signal.addEventListener('abort', () => aborts++);
    link.cut();
    await world.advance(3000);
    for (let i = 0; i < 3; i++) expect(() => lease.assertHeld()).toThrow(/LOCK_LOST.*expired/);
    await world.until(lease.release());
    expect(() => lease.assertHeld()).toThrow(/LOCK_LOST.*expired/);
    expect(told('lost')).toHaveLength(1);
    expect(told('released')).toHaveLength(0);
    expect(aborts).toBe(1);
  });

  it('failure 7: a lost lease never becomes valid again, though its late renewal succeeded', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    link.fail('renew', { kind: 'delay', requestMs: 10, replyMs: 700 });
    await world.everyMs(3000, ms => expect(ms > 1000 && lease.isHeld).toBe(false));
    expect(lease.signal.aborted).toBe(true);
  });

  it('a success that arrives after loss is released, so that the next need not wait for the TTL', async () => {
    const first = world.replica({ ttl: 10_000 });
    const lease = await first.manager.acquire('k');
    first.link.script('renew', { kind: 'delay', requestMs: 0, replyMs: 7000 });
    first.link.fail('renew', { kind: 'lose-request' });
    await world.advance(9900);
    expect(lease.isHeld).toBe(false);
    expect((await world.store.inspect('k'))?.isHeld).toBe(true);
    await world.advance(500);
    expect((await world.store.inspect('k'))?.isHeld ?? false).toBe(false);
  });

  it('failure 13: a definite refusal ends the lease now, cause refused; silence does not', async () => {
    const { manager, told } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    await world.store.revoke({ key: 'k', fencingToken: lease.fencingToken });
    await world.advance(334);
    expect(lease.isHeld).toBe(false);
    expect(told('lost')).toMatchObject([{ cause: 'refused' }]);
  });

  it('refuses renewal by a stale owner after take-over, and the new holder is undisturbed', async () => {
    const first = world.replica({ ttl: 1000 });
    const second = world.replica({ ttl: 1000 });
    const old = await first.manager.acquire('k');
    await world.store.revoke({ key: 'k', fencingToken: old.fencingToken, force: true });
    const lease = await second.manager.acquire('k');
    await expect(old.renew()).rejects.toMatchObject({ code: 'LOCK_LOST', lossCause: 'refused' });
    await old.release();
    await world.advance(5000);
    expect(lease.isHeld).toBe(true);
    expect((await world.store.inspect('k'))?.owner).toBe(lease.owner);
  });

  it('failure 14: a release after loss frees no other holder’s key', async () => {
    const first = world.replica({ ttl: 1000 });
    const second = world.replica({ ttl: 1000 });
    const old = await first.manager.acquire('k');
    first.link.cut();
    const lease = await world.until(second.manager.acquire('k', { wait: '5s' }));
    first.link.heal();
    await old.release();
    expect(first.link.count('release')).toBe(1);
    expect(lease.isHeld).toBe(true);
    expect((await world.store.inspect('k'))?.owner).toBe(lease.owner);
  });
});
