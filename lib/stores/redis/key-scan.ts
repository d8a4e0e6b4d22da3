import { mastersOf, type RedisClient } from './redis-client.js';
import type { RedisKeys } from './redis-keys.js';

/** How many names Redis looks at per step; bounds how long one step keeps it from other work. */
const COUNT = '500';

/**
 * Finds keys that start with `keyStart`, on every master, step by step. Each key once, in no order.
 * @yields keys of one step of SCAN
 * @throws what ioredis throws
 */
export async function* scanKeys(
  client: RedisClient,
  keys: RedisKeys,
  keyPrefix: string,
  keyStart: string,
): AsyncGenerator<string[]> {
  const seen = new Set<string>();
  for (const master of mastersOf(client)) {
    for (const pattern of keys.patterns(keyStart, keyPrefix)) {
      let cursor = '0';
      do {
        const [next, names] = await master.scan(cursor, 'MATCH', pattern, 'COUNT', COUNT);
        cursor = String(next);
        const found = names
          .map(name => keys.keyOf(name, keyPrefix))
          .filter((key): key is string => key !== undefined && key.startsWith(keyStart) && !seen.has(key));
        const fresh = [...new Set(found)];
        for (const key of fresh) seen.add(key);
        if (fresh.length > 0) yield fresh;
      } while (cursor !== '0');
    }
  }
}
