import { describe, expect, it } from '@jest/globals';
import { track } from '../engine/world.js';
import { candidate, useNation } from './nation.js';

describe('schedules that once broke leadership', () => {
  const world = useNation();
  it('resign() awaited inside the acquired-hook does not deadlock', async () => {
    const c = candidate(world, {
      hooks: {
        onAcquired: async () => {
          await c.leadership.resign();
        },
      },
    });
    c.leadership.start();
    const rival = candidate(world);
    await world.advance(10);
    rival.leadership.start();
    await world.advance(60_000);
    expect(rival.diary.length).toBeGreaterThan(0);
  });
  it('resign() awaited inside the lost-hook of a resignation does not deadlock', async () => {
    const c = candidate(world, {
      hooks: {
        onLost: async () => {
          await c.leadership.resign();
        },
      },
    });
    c.leadership.start();
    await world.advance(10);
    const r = track(c.leadership.resign());
    await world.advance(60_000);
    expect(r.state).toBe('resolved');
  });
  it('a term given up at stop is not released for a local contender while its work runs', async () => {
    const c = candidate(world);
    c.link.script('acquire', { kind: 'lose-reply', settle: 'unanswered' });
    c.leadership.start();
    await world.advance(200);
    expect(c.leadership.isLeader).toBe(true);
    let ended = false;
    track(
      c.leadership.runAsLeader({ waitMs: 0 }, async () => {
        await new Promise<void>(r => world.clock.startTimer(60_000, r));
        ended = true;
      }),
    );
    await world.until(c.leadership.stop({ timeoutMs: 100 }));
    const next = await world.until(c.manager.tryAcquire(c.leadership.key));
    expect([ended, next]).toEqual([false, null]);
  });
  it('tryAcquire of the key of a term that is ending is null', async () => {
    const c = candidate(world);
    c.leadership.start();
    await world.advance(10);
    let done!: () => void;
    track(c.leadership.runAsLeader({ waitMs: 0 }, () => new Promise<void>(r => (done = r))));
    void c.leadership.resign();
    const t = track(c.manager.tryAcquire(c.leadership.key));
    await world.advance(10_000);
    done();
    await world.settle();
    expect([t.state, t.value, t.error?.code]).toEqual(['resolved', null, undefined]);
  });
  it('resign() inside leader-only work while another resignation waits for that work', async () => {
    const c = candidate(world);
    c.leadership.start();
    await world.advance(10);
    let code: unknown;
    track(
      c.leadership.runAsLeader({ waitMs: 0 }, async lease => {
        await new Promise<void>(r => lease.signal.addEventListener('abort', () => r()));
        code = await c.leadership.resign().then(
          () => 'ok',
          (e: { code: string }) => e.code,
        );
      }),
    );
    await world.advance(10);
    const r = track(c.leadership.resign());
    await world.advance(60_000);
    expect([r.state, code]).toEqual(['resolved', 'LOCK_SELF_DEADLOCK']);
  });
  it('a term that is ending has told its end, and tells of no renewal after it', async () => {
    const c = candidate(world, { leadership: { ttl: 1000 } });
    c.leadership.start();
    await world.advance(10);
    let done!: () => void;
    track(c.leadership.runAsLeader({ waitMs: 0 }, () => new Promise<void>(r => (done = r))));
    const resigned = c.leadership.resign();
    await world.advance(2000);
    c.link.fail('renew', { kind: 'lose-request', settle: 'unsent' });
    await world.advance(850);
    expect(c.events.map(({ name }) => name)).toEqual(['acquired', 'released']);
    c.link.fail('renew', null);
    await world.advance(400);
    done();
    await world.until(resigned);
  });
  it('a campaign that was ended before it began does not begin', async () => {
    const c = candidate(world);
    c.leadership.endCampaign();
    c.leadership.start();
    await world.advance(1000);
    expect([c.leadership.isLeader, c.link.count('acquire')]).toEqual([false, 0]);
  });
});
