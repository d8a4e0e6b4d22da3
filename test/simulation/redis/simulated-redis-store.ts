import { RedisLeaseStore } from '../../../lib/stores/redis/redis-lease-store.js';
import { silent } from '../../support/fixtures.js';
import { SimulatedRedisClient, type SimulatedClientParts } from './simulated-redis-client.js';

/** What {@link simulatedRedisStore} makes a store of. */
interface SimulatedRedisStoreParts extends SimulatedClientParts {
  readonly restartGuard: boolean;
  readonly maxTtlMs: number;
}

/** The production store for Redis with a client of its own that does no I/O. */
export function simulatedRedisStore(parts: SimulatedRedisStoreParts): RedisLeaseStore {
  const { server, link, clock, random, restartGuard, maxTtlMs } = parts;
  const { prefix } = server.keys;
  return new RedisLeaseStore(
    { prefix, maxTtlMs, restartGuard, allowEviction: false, batching: true },
    {
      source: {
        isBorrowed: false,
        closes: true,
        target: 'the simulated Redis',
        keyPrefix: '',
        open: async () => new SimulatedRedisClient({ server, link, clock, random }),
      },
      clock,
      logger: silent,
    },
  );
}
