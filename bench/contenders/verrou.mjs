import { Verrou } from '@verrou/core';
import { redisStore } from '@verrou/core/drivers/redis';
import { Redis } from 'ioredis';

export const title = 'verrou';
export const plainCommands = ['set'];

/**
 * Defaults other than the TTL: waits without end, asking again every 250 ms. It does not renew. Its peer range says ioredis 5;
 * it sends `set` and `eval` only, which ioredis 6 has alike.
 *
 * @param {import('./index.mjs').OpenOptions} options
 */
export async function open({ url, ttlMs = 10_000 }) {
  const connection = new Redis(url);
  await connection.ping();
  const verrou = new Verrou({
    default: 'redis',
    stores: { redis: { driver: redisStore({ connection }) } },
  });
  const acquire = async key => {
    const lock = verrou.createLock(key, ttlMs);
    if (!(await lock.acquire())) throw new Error(`'${key}' was not acquired`);
    return lock;
  };
  return {
    acquire,
    release: lock => lock.release(),
    cycle: async key => (await acquire(key)).release(),
    close: async () => connection.disconnect(),
  };
}
