import { afterAll, beforeAll, describe } from '@jest/globals';
import { Redis } from 'ioredis-5';
import type { RedisStoreOptions } from '../../../lib/stores/redis/index.js';
import { defaultRedisServer, type RedisServer } from '../../support/redis-server.js';
import { harness, suite } from './conformance-harness.js';

describe('Redis through the application’s own client of ioredis 5', () => {
  let server: RedisServer;
  let client: Redis;
  beforeAll(async () => {
    server = await defaultRedisServer();
    client = new Redis(server.url);
  });
  afterAll(async () => {
    await client.quit();
    await server.stop();
  });

  suite(
    'standalone',
    harness(
      // Whoever has ioredis 5 installed has its types under the name that ours import.
      () => ({ client: client as unknown as RedisStoreOptions['client'] }),
      (key, value) => server.command('SET', key, value),
    ),
  );
});
