import { describe, expect, it } from '@jest/globals';
import { currentLease } from '../../lib/engine/lease-context.js';
import { track } from '../engine/world.js';
import { candidate, storedOwner, useNation } from './nation.js';

describe('election', () => {
  const world = useNation();

  it('one of many leads, by the key of dsync', async () => {
    const candidates = [candidate(world), candidate(world), candidate(world)];
    for (const { leadership } of candidates) leadership.start();
    await world.advance(100);
    expect(candidates.map(({ leadership }) => leadership.isLeader)).toEqual([true, false, false]);
    expect(await storedOwner(world)).toBe(candidates[0]!.leadership.lease!.owner);
    expect(candidates[0]!.leadership.key).toBe('service/orders/leadership');
  });

  it('refuses to be without a service or a key, and wrong options', () => {
    expect(() => candidate(world, { leadership: { service: undefined } })).toThrow(
      /service \(undefined\) must be set/,
    );
    expect(() => candidate(world, { leadership: { ttl: 'x' as any } })).toThrow(/ttl \('x'\)/);
    expect(() => candidate(world, { leadership: { key: '' } })).toThrow(/key \(''\)/);
  });

  it('failure 19: a leader whose link is cut knows before the successor leads; no request hangs for ever', async () => {
    const [first, second] = [candidate(world), candidate(world)];
    first.leadership.start();
    await world.advance(100);
    second.leadership.start();
    await world.advance(1000);
    const { lost } = first.leadership;
    first.link.cut();
    await world.everyMs(4000, () => {
      expect(first.leadership.isLeader && second.leadership.isLeader).toBe(false);
      if (second.leadership.isLeader) expect(lost.aborted).toBe(true);
    });
    expect(second.leadership.isLeader).toBe(true);
    expect(first.diary).toEqual(['acquired', 'acquired done', 'lost', 'lost done']);
    first.link.heal();
    await world.advance(5000);
    expect(first.leadership.isLeader).toBe(false);
    await world.until(second.leadership.stop({ timeoutMs: 1000 }));
    await world.advance(1000);
    expect(first.leadership.isLeader).toBe(true);
  });

  it('isLeader and lost read the clock: after a blocked event loop they say the truth', async () => {
    const { leadership, clock } = candidate(world);
    expect([leadership.isLeader, leadership.lost.aborted]).toEqual([false, true]);
    leadership.start();
    await world.advance(10);
    const { lost } = leadership;
    expect([leadership.isLeader, lost.aborted]).toEqual([true, false]);
    clock.block(4000);
    expect([leadership.isLeader, leadership.lost.aborted, leadership.lease]).toEqual([false, true, null]);
    expect(lost.aborted).toBe(true);
    await world.advance(100);
    expect(leadership.isLeader).toBe(true);
    expect(leadership.lost).not.toBe(lost);
  });

  it('leader() tells who leads, from the holder’s account, and null when nobody does', async () => {
    const [first, second] = [candidate(world, { url: 'http://one' }), candidate(world)];
    expect(await second.leadership.leader()).toBeNull();
    first.leadership.start();
    await world.advance(10);
    expect(await second.leadership.leader()).toMatchObject({
      isSelf: false,
      fencingToken: first.leadership.lease!.fencingToken,
      holder: { service: 'orders', url: 'http://one', pid: process.pid },
    });
    expect(await first.leadership.leader()).toMatchObject({ isSelf: true });
    second.link.cut();
    await expect(world.until(second.leadership.leader())).rejects.toMatchObject({
      code: 'LOCK_STORE_UNAVAILABLE',
    });
  });

  it('is renewed by itself also where the leases of its manager are renewed by hand', async () => {
    const { leadership } = candidate(world, { renewEvery: false });
    leadership.start();
    await world.advance(10);
    const { fencingToken } = leadership.lease!;
    await world.advance(60_000);
    expect(leadership.lease?.fencingToken).toBe(fencingToken);
  });

  it('start is idempotent, and a campaign neither started nor leading stops at once', async () => {
    const { leadership, link } = candidate(world);
    await leadership.stop({ timeoutMs: 1000 });
    await leadership.resign();
    leadership.start();
    leadership.start();
    await world.advance(10);
    expect(link.count('acquire')).toBe(1);
  });

  it('a campaign error is told, and cured when the cause is', async () => {
    const { leadership, link, errors } = candidate(world);
    link.fail('acquire', { kind: 'reject', retryable: false });
    leadership.start();
    await world.advance(2500);
    expect(errors).toMatchObject([{ code: 'LOCK_STORE_REJECTED' }, {}, {}]);
    link.fail('acquire', null);
    await world.advance(1001);
    expect(leadership.isLeader).toBe(true);
  });

  it('listeners that throw stop neither the campaign nor the hooks', async () => {
    const { leadership, link, diary } = candidate(world, {
      hooks: { onLost: () => Promise.reject(new Error('hook')) },
      listeners: {
        onCampaignError: () => {
          throw new Error('listener');
        },
        onHookError: () => {
          throw new Error('listener');
        },
      },
    });
    link.script('acquire', { kind: 'reject', retryable: false });
    leadership.start();
    await world.advance(1100);
    expect(leadership.isLeader).toBe(true);
    link.cut();
    await world.advance(3000);
    link.heal();
    await world.advance(3000);
    expect(diary).toEqual(['acquired', 'acquired done', 'lost', 'acquired', 'acquired done']);
    await expect(world.until(leadership.stop({ timeoutMs: 100 }))).resolves.toBeUndefined();
  });

  it('a manager that is closed without leadership.stop ends the campaign, and leaves no timer', async () => {
    const { leadership, manager, clock } = candidate(world);
    leadership.start();
    await world.advance(10);
    await world.until(manager.close());
    await world.advance(10_000);
    expect(leadership.isLeader).toBe(false);
    expect(clock.armedTimers).toBe(0);
  });
});

describe('leader-only work', () => {
  const world = useNation();

  it('runs on the leader, under its lease, and nowhere else', async () => {
    const [first, second] = [candidate(world), candidate(world)];
    first.leadership.start();
    await world.advance(10);
    second.leadership.start();
    await world.advance(10);
    const run = await first.leadership.runAsLeader({ waitMs: 0 }, lease => {
      expect(currentLease()).toBe(lease);
      expect(lease).toBe(first.leadership.lease);
      return 'done';
    });
    expect(run).toEqual({ ran: true, value: 'done' });
    expect(await second.leadership.runAsLeader({ waitMs: 5000 }, () => 'done')).toMatchObject({
      ran: false,
      error: { code: 'LOCK_NOT_LEADER', holder: { service: 'orders' } },
    });
  });

  it('waits, bounded, while the first election is undecided, and only then', async () => {
    const { leadership, link } = candidate(world);
    link.cut();
    leadership.start();
    const early = track(leadership.runAsLeader({ waitMs: 500 }, () => 'early'));
    const patient = track(leadership.runAsLeader({ waitMs: 60_000 }, () => 'patient'));
    const hasty = track(leadership.runAsLeader({ waitMs: 0 }, () => 'hasty'));
    await world.advance(499);
    expect([early.state, hasty.value?.ran]).toEqual(['pending', false]);
    await world.advance(2);
    expect(early.value).toMatchObject({ ran: false, error: { code: 'LOCK_NOT_LEADER' } });
    link.heal();
    await world.advance(3000);
    expect(patient.value).toEqual({ ran: true, value: 'patient' });
    link.cut();
    await world.advance(3000);
    const after = track(leadership.runAsLeader({ waitMs: 60_000 }, () => 'after'));
    await world.settle();
    expect(after.value).toMatchObject({ ran: false });
  });

  it('who has waited in vain for the first election leaves nothing behind', async () => {
    const { leadership, link } = candidate(world);
    link.cut();
    leadership.start();
    const calls = Array.from({ length: 100 }, () =>
      track(leadership.runAsLeader({ waitMs: 50 }, () => 'ran')),
    );
    await world.advance(100);
    expect(calls.every(({ value }) => value?.ran === false)).toBe(true);
    expect((leadership as any).undecided.size).toBe(0);
  });

  it('another leader decides the election for those who wait', async () => {
    const [first, second] = [candidate(world), candidate(world)];
    first.leadership.start();
    await world.advance(10);
    const wait = track(second.leadership.runAsLeader({ waitMs: 60_000 }, () => 1));
    second.leadership.start();
    await world.advance(10);
    expect(wait.value).toMatchObject({ ran: false });
  });

  it('stop decides it too, so that nobody waits for an election that never comes', async () => {
    const { leadership, link, clock } = candidate(world);
    link.cut();
    leadership.start();
    const wait = track(leadership.runAsLeader({ waitMs: 60_000 }, () => 1));
    await world.advance(10);
    await world.until(leadership.stop({ timeoutMs: 100 }));
    await world.settle();
    expect(wait.value).toMatchObject({ ran: false });
    await world.advance(10_000);
    expect(clock.armedTimers).toBe(0);
  });

  it('rejects with LockLostError when leadership was lost meanwhile, else with the work’s own error', async () => {
    const { leadership, clock } = candidate(world);
    leadership.start();
    await world.advance(10);
    const own = new Error('own');
    await expect(leadership.runAsLeader({ waitMs: 0 }, () => Promise.reject(own))).rejects.toBe(own);
    await expect(leadership.runAsLeader({ waitMs: 0 }, () => clock.block(5000))).rejects.toMatchObject({
      code: 'LOCK_LOST',
    });
  });
});
