import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LeaseStore } from '../../../lib/core/lease-store.js';
import { redisStore, type RedisStoreOptions } from '../../../lib/stores/redis/index.js';
import { startRedisCluster, type RedisCluster } from '../../support/redis-server.js';
import { call, fresh, grant, request, silent } from '../../support/fixtures.js';

describe('Listing a Cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  }, 60_000);
  afterAll(() => cluster.stop());

  async function keysOf(store: LeaseStore, prefix: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const record of store.list(prefix, call)) keys.push(record.key);
    return keys.sort();
  }

  it.each([
    ['without keyPrefix', {}],
    ['with a keyPrefix that has a hash tag of its own', { keyPrefix: '{app}:' }],
    ['with a keyPrefix of pattern characters', { redisOptions: { keyPrefix: 'a*[b]' } }],
  ])(
    'finds each key once on every master, held or free with data, never by KEYS (%s)',
    async (_, options) => {
      const store = redisStore({ cluster: { nodes: cluster.nodes, options }, logger: silent });
      const other = redisStore({
        cluster: { nodes: cluster.nodes, options },
        prefix: 'other',
        logger: silent,
      });
      try {
        const prefix = fresh('list*{x}');
        const leases = await Promise.all(
          Array.from({ length: 60 }, (__, i) => grant(store, request(`${prefix}/${i}`, { data: 'kept' }))),
        );
        await grant(store, request(`${prefix.slice(0, -1)}_`));
        await grant(other, request(`${prefix}/other`));
        for (const lease of leases.slice(0, 20)) await store.release(lease, call);
        expect(await keysOf(store, `${prefix}/`)).toEqual(leases.map(({ key }) => key).sort());
        const owners = await Promise.all(
          cluster.servers.map(server => server.command('EVAL', "return redis.call('DBSIZE')", '0')),
        );
        if (!('keyPrefix' in options)) expect(owners.every(size => Number(size) > 0)).toBe(true);
        for (const server of cluster.servers) {
          expect(await server.command('INFO', 'commandstats')).not.toContain('cmdstat_keys:');
        }
      } finally {
        await store.close();
        await other.close();
      }
    },
  );

  it("refuses a keyPrefix with an empty hash tag, which would spread a lease's keys", async () => {
    const options: RedisStoreOptions = {
      cluster: { nodes: cluster.nodes, options: { keyPrefix: 'a{}' } },
      logger: silent,
    };
    const store = redisStore(options);
    await expect(store.open()).rejects.toMatchObject({ code: 'LOCK_OPTIONS_INVALID' });
    await store.close();
  });
});
