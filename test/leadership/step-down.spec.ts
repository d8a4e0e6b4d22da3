import { describe, expect, it } from '@jest/globals';
import { track, type World } from '../engine/world.js';
import { candidate, storedOwner, type Candidate, type CandidateOptions, useNation } from './nation.js';

describe('resign', () => {
  const world: World = useNation();
  const sleep = (ms: number): Promise<void> =>
    new Promise(resolve => world.clock.startTimer(ms, resolve, { unref: true }));
  const leader = async (options: CandidateOptions = {}): Promise<Candidate> => {
    const elected = candidate(world, options);
    elected.leadership.start();
    await world.advance(10);
    expect(elected.leadership.isLeader).toBe(true);
    return elected;
  };

  it('aborts first, then waits for leader-only work and hooks, then releases', async () => {
    const { leadership, diary } = await leader({ hooks: { onLost: () => sleep(3000) } });
    const { lost } = leadership;
    const work = track(leadership.runAsLeader({ waitMs: 0 }, () => sleep(7000)));
    await world.advance(2000);
    const resigned = track(leadership.resign());
    expect([lost.aborted, leadership.isLeader]).toEqual([true, false]);
    expect(lost.reason).toMatchObject({ code: 'LOCK_RELEASED' });
    await world.advance(4900);
    expect(diary.at(-1)).toBe('lost done');
    expect([work.state, resigned.state]).toEqual(['pending', 'pending']);
    // Renewed all the while, longer than a ttl, so that nobody else starts before the work has ended.
    expect(await storedOwner(world)).toBeDefined();
    await world.advance(200);
    expect([work.value, resigned.state]).toEqual([{ ran: true, value: undefined }, 'resolved']);
    expect(await storedOwner(world)).toBeUndefined();
  });

  it('campaigns again after the cooldown, not before; by default after one ttl', async () => {
    const { leadership } = await leader();
    await world.until(leadership.resign({ cooldown: '10s' }));
    await world.advance(9990);
    expect(leadership.isLeader).toBe(false);
    await world.advance(20);
    expect(leadership.isLeader).toBe(true);
    await world.until(leadership.resign());
    await world.advance(2990);
    expect(leadership.isLeader).toBe(false);
    await world.advance(20);
    expect(leadership.isLeader).toBe(true);
  });

  it('a loss after a cooldown is over brings no second cooldown', async () => {
    const { leadership, link } = await leader();
    await world.until(leadership.resign({ cooldown: '5s' }));
    await world.advance(5100);
    link.cut();
    await world.advance(3000);
    link.heal();
    await world.advance(1500);
    expect(leadership.isLeader).toBe(true);
  });

  it.each(['soon', -1, NaN, {}])('refuses the cooldown %p and goes on leading', async cooldown => {
    const { leadership } = await leader();
    await expect(leadership.resign({ cooldown: cooldown as any })).rejects.toMatchObject({
      code: 'LOCK_OPTIONS_INVALID',
      message: expect.stringMatching(/cooldown \(.*\) must be a duration; try '30s'/),
    });
    expect(leadership.isLeader).toBe(true);
  });

  it('twice is once, and both wait for the end', async () => {
    const { leadership, link } = await leader();
    void leadership.runAsLeader({ waitMs: 0 }, () => sleep(2000));
    const both = [track(leadership.resign()), track(leadership.resign())];
    await world.advance(1900);
    expect(both.map(({ state }) => state)).toEqual(['pending', 'pending']);
    await world.advance(200);
    expect(both.map(({ state }) => state)).toEqual(['resolved', 'resolved']);
    expect(link.count('release')).toBe(1);
  });

  it('from within leader-only work is refused, since it would wait for itself', async () => {
    const { leadership } = await leader();
    const run = leadership.runAsLeader({ waitMs: 0 }, () => leadership.resign());
    await expect(world.until(run, 60_000)).rejects.toMatchObject({ code: 'LOCK_SELF_DEADLOCK' });
    expect(leadership.isLeader).toBe(true);
  });

  it('that loses its lease meanwhile ends all the same', async () => {
    const { leadership, link } = await leader();
    void leadership.runAsLeader({ waitMs: 0 }, () => sleep(10_000)).catch(() => undefined);
    const resigned = track(leadership.resign());
    link.cut();
    await world.advance(9000);
    link.heal();
    await world.advance(3000);
    expect(resigned.state).toBe('resolved');
  });

  it('same tick: leadership that started work less than 1 s ago keeps its remaining time, and another leads then', async () => {
    const { leadership } = await leader();
    const other = candidate(world);
    other.leadership.start();
    await leadership.runAsLeader({ waitMs: 0 }, () => undefined);
    await world.advance(500);
    await world.until(leadership.resign());
    expect(leadership.isLeader).toBe(false);
    await world.advance(1000);
    expect(other.leadership.isLeader).toBe(false);
    await world.advance(2100);
    expect(other.leadership.isLeader).toBe(true);
  });

  it('work that started longer ago lets the successor lead at once', async () => {
    const { leadership } = await leader();
    const other = candidate(world);
    other.leadership.start();
    await leadership.runAsLeader({ waitMs: 0 }, () => undefined);
    await world.advance(1001);
    await world.until(leadership.resign());
    await world.settle();
    expect(other.leadership.isLeader).toBe(true);
  });
});

describe('stop', () => {
  const world: World = useNation();
  const leader = async (options: CandidateOptions = {}): Promise<Candidate> => {
    const elected = candidate(world, options);
    elected.leadership.start();
    await world.advance(10);
    return elected;
  };
  const hangs = (): Promise<void> => new Promise(() => undefined);

  it('once the campaign is ended a term goes on, and when it is lost none follows', async () => {
    const { leadership, link } = await leader();
    leadership.endCampaign();
    await world.advance(60_000);
    expect(leadership.isLeader).toBe(true);
    link.cut();
    await world.advance(20_000);
    link.heal();
    await world.advance(60_000);
    expect(leadership.isLeader).toBe(false);
  });

  it('ends the campaign: nothing is acquired again', async () => {
    const { leadership, clock } = await leader();
    await world.until(leadership.stop({ timeoutMs: 1000 }));
    expect(await storedOwner(world)).toBeUndefined();
    await world.advance(60_000);
    expect(leadership.isLeader).toBe(false);
    expect(clock.armedTimers).toBe(0);
    leadership.start();
    await world.advance(1000);
    expect(leadership.isLeader).toBe(false);
  });

  it.each(['work', 'acquired-hook', 'lost-hook'] as const)(
    'with a hanging %s keeps to its time, and never releases: the key ends by its TTL',
    async what => {
      const { leadership, manager, clock } = await leader({
        hooks: {
          ...(what === 'acquired-hook' && { onAcquired: hangs }),
          ...(what === 'lost-hook' && { onLost: hangs }),
        },
      });
      if (what === 'work') void leadership.runAsLeader({ waitMs: 0 }, hangs).catch(() => undefined);
      await world.advance(1500);
      const startedAt = world.clock.monotonicMs();
      const { lost } = leadership;
      await world.until(leadership.stop({ timeoutMs: 5000 }));
      expect(lost.aborted).toBe(true);
      expect(world.clock.monotonicMs() - startedAt).toBeCloseTo(5000, 0);
      await world.until(manager.close());
      expect(await storedOwner(world)).toBeDefined();
      await world.advance(3001);
      expect(await storedOwner(world)).toBeUndefined();
      expect(clock.armedTimers).toBe(0);
    },
  );

  it('does not release such a lease for a renewal that was answered late', async () => {
    const { leadership, link } = await leader();
    void leadership.runAsLeader({ waitMs: 0 }, hangs).catch(() => undefined);
    link.script('renew', { kind: 'delay', requestMs: 0, replyMs: 400 });
    const stopped = leadership.stop({ timeoutMs: 1200 });
    await world.until(stopped);
    expect(link.count('renew')).toBe(1);
    await world.advance(500);
    expect(link.count('release')).toBe(0);
    expect(await storedOwner(world)).toBeDefined();
  });

  it('after a resignation whose work hangs gives that lease up too, and nobody releases it', async () => {
    const { leadership, manager, link } = await leader();
    void leadership.runAsLeader({ waitMs: 0 }, hangs).catch(() => undefined);
    const resigned = track(leadership.resign());
    await world.advance(1000);
    await world.until(leadership.stop({ timeoutMs: 1000 }));
    const renewals = link.count('renew');
    await world.until(manager.close());
    expect(link.count('release')).toBe(0);
    expect(await storedOwner(world)).toBeDefined();
    await world.advance(3001);
    expect(link.count('renew')).toBe(renewals);
    expect(await storedOwner(world)).toBeUndefined();
    expect(resigned.state).toBe('pending');
  });

  it('during a cooldown, or while another leads, ends at once', async () => {
    const { leadership } = await leader();
    const other = candidate(world);
    other.leadership.start();
    await world.until(leadership.resign({ cooldown: '1h' }));
    await world.until(leadership.stop({ timeoutMs: 1000 }), 10);
    const third = candidate(world);
    third.leadership.start();
    await world.advance(100);
    await world.until(third.leadership.stop({ timeoutMs: 1000 }), 10);
    expect(third.leadership.isLeader).toBe(false);
  });

  it('twice waits for the same end', async () => {
    const { leadership, link } = await leader();
    await world.until(
      Promise.all([leadership.stop({ timeoutMs: 500 }), leadership.stop({ timeoutMs: 500 })]),
    );
    expect(link.count('release')).toBe(1);
  });

  it('waits for hooks of a term that has ended by itself', async () => {
    let ended = false;
    const { leadership, link } = await leader({
      hooks: {
        onLost: () =>
          new Promise(resolve => {
            world.clock.startTimer(2000, () => resolve(void (ended = true)));
          }),
      },
    });
    link.cut();
    await world.advance(3000);
    await world.until(leadership.stop({ timeoutMs: 5000 }));
    expect(ended).toBe(true);
  });

  it('with a store that never answers keeps to its time', async () => {
    const { leadership, link, clock, manager } = await leader();
    link.cut();
    const startedAt = world.clock.monotonicMs();
    await world.until(leadership.stop({ timeoutMs: 1000 }));
    await world.until(manager.close({ timeoutMs: 1000 }));
    expect(world.clock.monotonicMs() - startedAt).toBeLessThan(5000);
    expect(clock.armedTimers).toBe(0);
  });
});
