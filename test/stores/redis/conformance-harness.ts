import { describe, it } from '@jest/globals';
import { RedisKeys } from '../../../lib/stores/redis/redis-keys.js';
import { redisStore, type RedisStoreOptions } from '../../../lib/stores/redis/index.js';
import { leaseStoreConformance, type ConformanceHarness } from '../../../lib/testing/index.js';
import { silent } from '../../support/fixtures.js';

/** @param write sets a Redis key to what is no lease */
export function harness(
  options: () => RedisStoreOptions,
  write: (key: string, value: string) => Promise<unknown>,
): ConformanceHarness {
  const keyPrefix = `conformance-${process.pid}-${performance.now()}/`;
  const open = async () => {
    const store = redisStore({ maxTtl: '30d', logger: silent, ...options() });
    await store.open();
    return store;
  };
  return {
    open,
    reopen: open,
    elapse: ms => new Promise(resolve => setTimeout(resolve, ms)),
    ttlMs: 300,
    keyPrefix,
    findsSlots: true,
    corrupt: async key => void (await write(new RedisKeys('lock').of(key).lease, 'garbage')),
  };
}

/** The conformance suite as a group of tests. */
export function suite(title: string, target: ConformanceHarness): void {
  describe(title, () => {
    for (const { name, run } of leaseStoreConformance(target)) it(name, run, 30_000);
  });
}
