import { describe, expect, it } from '@jest/globals';
import { track, useWorld } from './world.js';

/**
 * Promise 1: the holder's link is black-holed, another replica waits for the key. At every ms
 * of true time: while the store grants to the second, the first is not held and its signal has aborted.
 */
describe('black hole: the first knows of its loss before the store grants to the second', () => {
  const world = useWorld();

  /** Drifts of holder, contender and store's clock against true time; any two differ by at most the rate of 1 %. */
  const DRIFTS: [number, number][] = [
    [0, 0],
    [-0.0099, 0],
    [0.0099, 0],
    [-0.0099, -0.0099],
    [0, 0.0099],
    [-0.005, 0.0049],
  ];

  for (const ttl of [50, 120, 500, 1000, 5000, 15_000]) {
    for (const [drift, otherDrift] of DRIFTS) {
      it(`ttl ${ttl}, holder's clock off by ${drift}, contender's by ${otherDrift}`, async () => {
        const first = world.replica({ ttl, drift });
        const second = world.replica({ ttl, drift: otherDrift });
        const lease = await first.manager.acquire('k');
        const { signal } = lease;
        // Somewhere within a renewal period, with a renewal behind it.
        await world.advance(ttl * 0.71);
        expect(lease.isHeld).toBe(true);
        first.link.cut();
        const cutAtMs = world.clock.monotonicMs();
        const next = track(second.manager.acquire('k', { wait: ttl * 3 }));
        let grantedAtMs = Infinity;
        for (let ms = 0; ms < ttl * 1.3 + 20 && next.state === 'pending'; ms++) {
          await world.advance(1);
          const record = await world.store.inspect('k');
          if (record?.owner !== lease.owner) {
            grantedAtMs = Math.min(grantedAtMs, world.clock.monotonicMs());
            expect(signal.aborted).toBe(true);
            expect(lease.isHeld).toBe(false);
          }
        }
        expect(next.state).toBe('resolved');
        expect(next.value!.fencingToken).toBeGreaterThan(lease.fencingToken);
        expect(grantedAtMs - cutAtMs).toBeLessThanOrEqual(ttl * 1.1 + 20);
        expect(first.told('lost')).toMatchObject([{ cause: 'expired', owner: lease.owner }]);
        expect(signal.reason).toMatchObject({ code: 'LOCK_LOST', lossCause: 'expired' });
      });
    }
  }

  it('holds until shortly before the store ends the lease, and not for much less', async () => {
    const first = world.replica({ ttl: 10_000 });
    const lease = await first.manager.acquire('k');
    first.link.cut();
    await world.advance(9897);
    expect(lease.isHeld).toBe(true);
    expect(lease.signal.aborted).toBe(false);
    await world.advance(1);
    expect(lease.isHeld).toBe(false);
    expect(lease.signal.aborted).toBe(true);
  });

  it('failure 6: after the store was away, one of many holders remains, the others have lost first', async () => {
    const replicas = Array.from({ length: 5 }, () => world.replica({ ttl: 1000 }));
    const locks = replicas.map(({ manager }) => manager.lock('k'));
    for (const lock of locks) void lock.lock().catch(() => undefined);
    await world.advance(500);
    const held = (): number => locks.filter(lock => lock.isHeld).length;
    expect(held()).toBe(1);
    for (const { link } of replicas) link.cut();
    await world.everyMs(3000, () => expect(held()).toBeLessThanOrEqual(1));
    expect(held()).toBe(0);
    for (const { link } of replicas) link.heal();
    await world.everyMs(3000, () => expect(held()).toBeLessThanOrEqual(1));
    expect(held()).toBe(1);
  });

  it('failure 17, 3: loss is signalled under a network cut, with no renewal ever settling', async () => {
    const first = world.replica({ ttl: 1000 });
    const lease = await first.manager.acquire('k');
    first.link.fail('renew', { kind: 'lose-request', settle: 'never' });
    let abortedAt = 0;
    lease.signal.addEventListener('abort', () => (abortedAt = world.clock.monotonicMs()));
    await world.advance(2000);
    expect(abortedAt).toBeCloseTo(950, 0);
  });

  it.each(['requests', 'replies'] as const)(
    'a link that loses only %s is a black hole too',
    async direction => {
      const first = world.replica({ ttl: 1000 });
      const second = world.replica({ ttl: 1000 });
      const lease = await first.manager.acquire('k');
      first.link.cut(direction);
      const next = track(second.manager.acquire('k', { wait: '10s' }));
      await world.everyMs(2500, () => expect(next.state === 'resolved' && lease.isHeld).toBe(false));
      expect(next.state).toBe('resolved');
    },
  );

  it('after healing, the old holder re-acquires as Lock, with a higher token, and never overlaps', async () => {
    const first = world.replica({ ttl: 1000 });
    const second = world.replica({ ttl: 1000 });
    const lock = first.manager.lock('k');
    const { fencingToken } = await lock.lock();
    first.link.cut();
    const next = await world.until(second.manager.acquire('k', { wait: '10s' }));
    first.link.heal();
    await world.everyMs(1000, () => expect(lock.isHeld).toBe(false));
    await next.release();
    await world.advance(1000);
    expect(lock.isHeld).toBe(true);
    expect(lock.lease!.fencingToken).toBeGreaterThan(next.fencingToken);
    expect(next.fencingToken).toBeGreaterThan(fencingToken);
  });
});
