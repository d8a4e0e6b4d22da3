import { consoleLogger } from '../../platform/console-logger.js';
import { systemClock } from '../../platform/system-clock.js';
import { systemRandom } from '../../platform/system-random.js';
import { clientSource } from './client-source.js';
import { RedisLeaseStore } from './redis-lease-store.js';
import { resolveRedisStoreOptions, type RedisStoreOptions } from './redis-store-options.js';

/**
 * A store that keeps leases in Redis: standalone, TLS, Sentinel or Cluster, through ioredis 5 or 6.
 *
 * Connects on first use or `open()`. Close it, or the manager that uses it, to let the process end.
 *
 * @example redisStore({ url: 'redis://127.0.0.1:6379' })
 * @example redisStore({ client: new Redis(), prefix: 'billing' })
 * @throws OptionsInvalidError naming every option that is wrong
 */
export function redisStore(options: RedisStoreOptions): RedisLeaseStore {
  const resolved = resolveRedisStoreOptions(options, process.env.NODE_ENV === 'production');
  return new RedisLeaseStore(resolved, {
    source: clientSource(options, systemRandom),
    clock: systemClock,
    logger: options.logger ?? consoleLogger,
  });
}
