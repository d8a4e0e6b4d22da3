import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export const title = 'raw ioredis';
export const plainCommands = ['set'];

const COMPARE_AND_DELETE = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;
const POLL_MS = 10;

/**
 * The least that a correct lock sends: SET NX PX with a random token, and a compare-and-delete by EVALSHA, whose script Redis
 * knows. It renews nothing, times nothing out, and waits by asking again every 10 ms.
 *
 * @param {import('./index.mjs').OpenOptions} options
 */
export async function open({ url, ttlMs = 10_000 }) {
  const client = new Redis(url);
  const sha = await client.script('LOAD', COMPARE_AND_DELETE);

  const acquire = async key => {
    const token = randomUUID();
    while ((await client.set(key, token, 'PX', ttlMs, 'NX')) !== 'OK') await sleep(POLL_MS);
    return { key, token };
  };
  const release = async ({ key, token }) => {
    if ((await client.evalsha(sha, 1, key, token)) !== 1) throw new Error(`'${key}' was not held`);
  };
  return {
    acquire,
    release,
    cycle: async key => release(await acquire(key)),
    close: async () => client.disconnect(),
  };
}
