import { afterAll, describe, expect, it } from '@jest/globals';
import type { LeaseStore } from '../../../lib/core/lease-store.js';
import {
  createSeededRandom,
  leaseStoreConformance,
  VirtualClock,
  type ConformanceHarness,
} from '../../../lib/testing/index.js';
import { RedisModel } from './redis-model.js';
import { simulatedRedisStore } from './simulated-redis-store.js';
import { StoppableLink } from './stoppable-link.js';

describe('the production Redis store on the model, conformance', () => {
  const clock = new VirtualClock();
  const server = new RedisModel({ clock });
  let opened = 0;
  const open = async (): Promise<LeaseStore> =>
    simulatedRedisStore({
      ...{ server, clock, link: new StoppableLink(), random: createSeededRandom(++opened) },
      ...{ restartGuard: false, maxTtlMs: 30 * 86_400_000 },
    });
  const harness: ConformanceHarness = {
    ...{ open, reopen: open, ttlMs: 1000, findsSlots: true },
    elapse: ms => clock.advance(ms),
    corrupt: async key => void server.command('SET', server.keys.of(key).lease, 'garbage'),
  };
  const cases = leaseStoreConformance(harness);

  for (const { name, run } of cases) it(name, run);

  afterAll(() => {
    expect({ timers: clock.armedTimers }).toEqual({ timers: 0 });
  });
});
