import { expect, it } from '@jest/globals';
import { redisStore } from '../../../lib/stores/redis/index.js';
import { call, fresh, grant, request, silent } from '../../support/fixtures.js';
import { defaultRedisServer } from '../../support/redis-server.js';

it.each(['never', '-1', '', '1e400', '99999999999999999999'])(
  "data whose expiry is damaged ('%s') is told as such or counts as expired, and fails no script half way",
  async expires => {
    const server = await defaultRedisServer();
    const store = redisStore({ url: server.url, logger: silent });
    try {
      const key = fresh('damaged');
      await server.command('HSET', `lock:{${key}}:data`, 'data', 'd', 'expires', expires);
      const work = async (): Promise<void> => {
        const held = await grant(store, request(key, { attributes: { b: 1 } }));
        await store.renew({ ...held, attributes: { b: 2 } }, call);
        await store.release({ ...held, sequence: 2, attributes: { b: 3 } }, call);
      };
      await work().catch((error: unknown) => expect(error).toMatchObject({ code: 'LOCK_CORRUPT_LEASE' }));
      expect(await server.command('PTTL', `lock:{${key}}:lease`)).toBe('-2');
    } finally {
      await store.close?.();
      await server.stop();
    }
  },
);
