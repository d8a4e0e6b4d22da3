import { describe, expect, it } from '@jest/globals';
import type { World } from '../engine/world.js';
import { candidate, storedOwner, useNation } from './nation.js';

describe('leadership hooks', () => {
  const world: World = useNation();
  const sleep = (ms: number): Promise<void> =>
    new Promise(resolve => world.clock.startTimer(ms, resolve, { unref: true }));

  it('a term’s lost-hook comes after its acquired-hook has ended, and the next acquired-hook after that', async () => {
    const { leadership, link, diary } = candidate(world, {
      hooks: { onAcquired: () => sleep(6000), onLost: () => sleep(6000) },
    });
    leadership.start();
    await world.advance(100);
    link.cut();
    await world.advance(3000);
    link.heal();
    await world.advance(2500);
    expect(leadership.isLeader).toBe(true);
    expect(diary).toEqual(['acquired']);
    await world.advance(1000);
    expect(diary).toEqual(['acquired', 'acquired done', 'lost']);
    await world.advance(6000);
    expect(diary).toEqual(['acquired', 'acquired done', 'lost', 'lost done', 'acquired']);
  });

  it('a term that is over by its hook’s turn gets neither hook', async () => {
    const { leadership, link, diary } = candidate(world, { hooks: { onLost: () => sleep(20_000) } });
    leadership.start();
    await world.advance(100);
    for (let term = 0; term < 2; term++) {
      link.cut();
      await world.advance(3000);
      link.heal();
      await world.advance(3000);
      expect(leadership.isLeader).toBe(true);
    }
    await world.advance(20_000);
    expect(diary).toEqual(['acquired', 'acquired done', 'lost', 'lost done', 'acquired', 'acquired done']);
  });

  it('a failing acquired-hook resigns: the lost-hook runs, the key is free, and another may lead', async () => {
    const [first, second] = [
      candidate(world, { hooks: { onAcquired: () => Promise.reject(new Error('not ready')) } }),
      candidate(world),
    ];
    first.leadership.start();
    await world.advance(10);
    second.leadership.start();
    await world.advance(100);
    expect(first.diary).toEqual(['acquired', 'lost', 'lost done']);
    expect(first.errors).toMatchObject([['acquired', { message: 'not ready' }]]);
    expect([first.leadership.isLeader, second.leadership.isLeader]).toEqual([false, true]);
  });

  it('a failing acquired-hook stays away for one ttl, then tries again', async () => {
    let failures = 2;
    const { leadership, diary } = candidate(world, {
      hooks: {
        onAcquired: () => {
          if (failures-- > 0) throw new Error('not yet');
        },
      },
    });
    leadership.start();
    await world.advance(2900);
    expect(diary).toEqual(['acquired', 'lost', 'lost done']);
    await world.advance(3000);
    expect(leadership.isLeader).toBe(false);
    await world.advance(200);
    expect(leadership.isLeader).toBe(true);
  });

  it('an acquired-hook that fails because its term was lost does not resign the next term', async () => {
    let terms = 0;
    const { leadership, link, errors } = candidate(world, {
      hooks: {
        onAcquired: async lease => {
          if (++terms > 1) return;
          await sleep(6000);
          lease.assertHeld();
        },
      },
    });
    leadership.start();
    await world.advance(100);
    link.cut();
    await world.advance(3000);
    link.heal();
    await world.advance(2000);
    const second = leadership.lease!;
    expect(second.isHeld).toBe(true);
    await world.advance(2000);
    expect(errors).toMatchObject([['acquired', { code: 'LOCK_LOST' }]]);
    expect(second.isHeld).toBe(true);
    expect(leadership.lease).toBe(second);
  });

  it('a failing lost-hook is told, and the next term begins all the same', async () => {
    const { leadership, link, diary, errors } = candidate(world, {
      hooks: { onLost: () => Promise.reject(new Error('mine')) },
    });
    leadership.start();
    await world.advance(10);
    link.cut();
    await world.advance(3000);
    link.heal();
    await world.advance(3000);
    expect(errors).toMatchObject([['lost', { message: 'mine' }]]);
    expect(diary).toEqual(['acquired', 'acquired done', 'lost', 'acquired', 'acquired done']);
  });

  it('the hook’s lease aborts when the term ends', async () => {
    let signal!: AbortSignal;
    const { leadership } = candidate(world, { hooks: { onAcquired: lease => void ({ signal } = lease) } });
    leadership.start();
    await world.advance(10);
    expect(signal.aborted).toBe(false);
    await world.until(leadership.resign());
    expect(signal.aborted).toBe(true);
  });

  it('failure 19: the lost-hook runs at every end: loss, refusal, resignation, stop, close', async () => {
    const ends: Record<string, (each: ReturnType<typeof candidate>) => Promise<unknown> | void> = {
      loss: async ({ link }) => {
        link.cut();
        await world.advance(3000);
      },
      refusal: ({ leadership }) =>
        world.store.revoke({
          key: leadership.key,
          fencingToken: leadership.lease!.fencingToken,
          force: true,
        }),
      resignation: ({ leadership }) => world.until(leadership.resign()),
      stop: ({ leadership }) => world.until(leadership.stop({ timeoutMs: 1000 })),
      close: ({ manager }) => world.until(manager.close()),
      release: ({ leadership }) => world.until(leadership.lease!.release()),
    };
    for (const [name, end] of Object.entries(ends)) {
      const each = candidate(world, { leadership: { service: undefined, key: name } });
      each.leadership.start();
      await world.advance(10);
      await end(each);
      await world.advance(1100);
      expect([name, ...each.diary.slice(0, 4)]).toEqual([
        name,
        'acquired',
        'acquired done',
        'lost',
        'lost done',
      ]);
    }
  });

  it('works without hooks', async () => {
    const { leadership } = candidate(world, { leadership: { hooks: undefined } });
    leadership.start();
    await world.advance(10);
    await world.until(leadership.resign({ cooldown: 0 }));
    await world.advance(10);
    expect(await storedOwner(world)).toBe(leadership.lease!.owner);
  });
});
