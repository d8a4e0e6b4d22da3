import { afterEach, describe, expect, it } from '@jest/globals';
import { redisStore, type RedisLeaseStore, type RedisStoreOptions } from '../../../lib/stores/redis/index.js';
import { startRedisServer } from '../../support/redis-server.js';
import {
  call,
  freePort,
  fresh,
  grant,
  recordingLogger,
  rejection,
  request,
  until,
} from '../../support/fixtures.js';

const EVICTING = ['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'];
const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function storeAt(url: string, options: RedisStoreOptions): RedisLeaseStore {
  const store = redisStore({ url, ...options });
  cleanUps.push(() => store.close());
  return store;
}

describe('A Redis that may evict leases', () => {
  it('is refused by open(), with the policy and the remedy', async () => {
    const server = await startRedisServer({ args: EVICTING });
    cleanUps.push(() => server.stop());
    const error = await rejection(storeAt(server.url, { logger: recordingLogger() }).open());
    expect(error).toMatchObject({ code: 'LOCK_OPTIONS_INVALID' });
    expect(error.message).toMatch(/allkeys-lru.*noeviction.*allowEviction/);
  });

  it('is accepted with allowEviction, with a warning', async () => {
    const server = await startRedisServer({ args: EVICTING });
    cleanUps.push(() => server.stop());
    const logger = recordingLogger();
    const store = storeAt(server.url, { logger, allowEviction: true });
    await store.open();
    await grant(store, request(fresh('key')));
    expect(logger.lines.join('\n')).toMatch(/warn: .*allkeys-lru/);
  });

  it.each([
    ['maxmemory without eviction', ['--maxmemory', '64mb', '--maxmemory-policy', 'noeviction']],
    ['a policy without maxmemory', ['--maxmemory-policy', 'allkeys-lru']],
  ])('is not meant by %s', async (_, args) => {
    const server = await startRedisServer({ args });
    cleanUps.push(() => server.stop());
    const store = storeAt(server.url, { logger: recordingLogger() });
    await store.open();
    await grant(store, request(fresh('key')));
  });

  it('is found out later where it was down at open(): then every acquire is refused for good', async () => {
    const port = await freePort();
    const logger = recordingLogger();
    const store = storeAt(`redis://127.0.0.1:${port}`, { logger });
    await store.open();
    const server = await startRedisServer({ port, args: EVICTING });
    cleanUps.push(() => server.stop());
    await until(() => logger.lines.some(line => /^error: .*allkeys-lru/.test(line)), 5000, 'the log');
    expect(await rejection(store.acquire(request('key'), call))).toMatchObject({
      code: 'LOCK_STORE_REJECTED',
      retryable: false,
    });
  });
});
