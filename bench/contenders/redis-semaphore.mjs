import { Redis } from 'ioredis';
import { Mutex } from 'redis-semaphore';

export const title = 'redis-semaphore';
export const plainCommands = ['set'];

/**
 * `Mutex` with its defaults other than the TTL: asks again every 10 ms, for 10 s unless told to wait longer; renews every
 * 0.8 · TTL, each lease by an interval of its own.
 *
 * @param {import('./index.mjs').OpenOptions} options
 */
export async function open({ url, ttlMs = 10_000, waitMs }) {
  const client = new Redis(url);
  await client.ping();
  let lost = 0;
  const options = {
    lockTimeout: ttlMs,
    onLockLost: () => void lost++,
    ...(waitMs !== undefined && { acquireTimeout: waitMs }),
  };
  const acquire = async key => {
    const mutex = new Mutex(client, key, options);
    await mutex.acquire();
    return mutex;
  };
  return {
    acquire,
    release: mutex => mutex.release(),
    cycle: async key => (await acquire(key)).release(),
    hold: acquire,
    lost: () => lost,
    close: async () => client.disconnect(),
  };
}
