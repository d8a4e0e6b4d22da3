import { describe, expect, it } from '@jest/globals';
import type { Lease, Lock } from '../../lib/core/lease.js';
import { createSeededRandom } from '../../lib/testing/index.js';
import { track, useWorld } from './world.js';

const ODDS = { loseRequest: 0.1, loseReply: 0.1, reject: 0.05, delay: 0.3, maxDelayMs: 900 };
const KEYS = ['a', 'b'];

/** Whatever befalls the network: one holder at most, growing tokens, and everybody served once it is well again. */
describe('random faults', () => {
  const world = useWorld();

  it.each(Array.from({ length: 30 }, (_, i) => i))(
    'seed %i: never two holders, never a token twice',
    async seed => {
      const random = createSeededRandom(`faults-${seed}`);
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)]!;
      const replicas = [-0.0049, 0, 0.0049].map(drift => world.replica({ ttl: 1000, wait: '5s', drift }));
      const leases = new Set<Lease>();
      const locks = new Set<Lock>();
      let isOver = false;
      const granted = new Map<string, number>();
      const shrunk: string[] = [];
      const check = (): void => {
        for (const key of KEYS) {
          const all = new Set([...leases, ...[...locks].map(lock => lock.lease)]);
          expect([...all].filter(lease => lease?.key === key && lease.isHeld).length).toBeLessThanOrEqual(1);
        }
      };
      for (const { link, manager } of replicas) {
        link.disturb(random, ODDS);
        manager.on('acquired', ({ key, fencingToken }) => {
          if (fencingToken <= (granted.get(key) ?? 0)) shrunk.push(`${key}: ${fencingToken}`);
          granted.set(key, fencingToken);
        });
      }
      const step = (): void => {
        const { manager, link, clock } = pick(replicas);
        const lease = pick([...leases]);
        switch (Math.floor(random.next() * 10)) {
          case 0:
          case 1:
          case 2: {
            const signal = random.next() < 0.3 ? AbortSignal.abort() : undefined;
            const options = { signal, wait: random.next() < 0.3 ? 0 : 3000 };
            manager.acquire(pick(KEYS), options).then(
              each => void (isOver ? each.release() : leases.add(each)),
              () => undefined,
            );
            break;
          }
          case 3:
          case 4:
            void lease?.release();
            leases.delete(lease);
            break;
          case 5: {
            const lock = manager.lock(pick(KEYS));
            locks.add(lock);
            (random.next() < 0.5 ? lock.lock() : lock.tryLock()).catch(() => undefined);
            break;
          }
          case 6: {
            const lock = pick([...locks]);
            void lock?.release();
            break;
          }
          case 7:
            if (random.next() < 0.5) link.cut(pick(['both', 'requests', 'replies']));
            else link.heal();
            break;
          case 8:
            clock.jumpWall((random.next() - 0.5) * 4000);
            break;
          default:
            void lease?.renew({ data: `${random.next()}` }).catch(() => undefined);
        }
      };
      for (let i = 0; i < 150; i++) {
        step();
        await world.advance(random.next() * 120);
        check();
      }
      expect(shrunk).toEqual([]);
      isOver = true;
      for (const { link } of replicas) link.disturb(null).heal();
      for (const lock of locks) void lock.release();
      for (const lease of leases) void lease.release();
      await world.advance(5000);
      for (const { manager } of replicas) {
        for (const key of KEYS) {
          const last = track(manager.withLock(key, () => 'served'));
          await world.advance(3000);
          expect([key, last.value]).toEqual([key, 'served']);
        }
      }
    },
  );
});
