import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { redisStore, type RedisLeaseStore } from '../../../lib/stores/redis/index.js';
import { defaultRedisServer, type RedisServer } from '../../support/redis-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { call, fresh, grant, rejection, request, silent } from '../../support/fixtures.js';

describe('Round trips of the Redis store', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let store: RedisLeaseStore;

  beforeAll(async () => {
    server = await defaultRedisServer();
  });
  beforeEach(async () => {
    proxy = await TcpProxy.start(server.url);
    store = redisStore({ url: proxy.url, batching: true, logger: silent });
    await store.open();
    const warmUp = await grant(store, request(fresh('warm-up')));
    await store.renew(warmUp, call);
    await store.inspect(warmUp.key, call);
    await store.release(warmUp, call);
    proxy.resetCounts();
  });
  afterEach(async () => {
    await store.close();
    await proxy.stop();
  });
  afterAll(() => server.stop());

  it('are one to acquire, one to renew, one to learn that a key is held, and one to release', async () => {
    const key = fresh('key');
    const trips = async (task: () => Promise<unknown>): Promise<[number, number]> => {
      proxy.resetCounts();
      await task();
      return [proxy.counts.commands, proxy.counts.replies];
    };
    const held = request(key, {
      holder: { host: 'h', pid: 1, since: 'now' },
      data: 'd',
      attributes: { a: 1, b: 'x' },
    });
    let lease = { ...held, fencingToken: 0, sequence: 1 };
    expect(await trips(async () => (lease = { ...lease, ...(await grant(store, held)) }))).toEqual([1, 1]);
    expect(await trips(() => store.acquire(request(key), call))).toEqual([1, 1]);
    expect(await trips(() => store.renew(lease, call))).toEqual([1, 1]);
    expect(await trips(() => store.inspect(key, call))).toEqual([1, 1]);
    expect(await trips(() => store.release(lease, call))).toEqual([1, 1]);
  });

  it('are one for all that is asked in the same turn, up to 25 leases, and those of many leases do not wait for each other', async () => {
    const grants = Array.from({ length: 250 }, () => grant(store, request(fresh('key'))));
    await Promise.all(grants);
    expect(proxy.counts).toMatchObject({ commands: 10, replies: 10 });
    proxy.resetCounts();
    proxy.blackHole('to-client');
    const renewals = store.renewMany(await Promise.all(grants), call);
    while (proxy.counts.commands < 10) await new Promise(resolve => setTimeout(resolve, 5));
    expect(proxy.counts.replies).toBe(0);
    proxy.heal('deliver');
    expect(new Set((await Promise.all(renewals)).map(({ kind }) => kind))).toEqual(new Set(['renewed']));
    expect(proxy.counts.commands).toBe(10);
  });

  it('recover a grant whose reply was lost: same owner, same token', async () => {
    const acquire = request(fresh('key'));
    proxy.dropReplies(1, 'EVALSHA');
    expect(await rejection(store.acquire(acquire, call))).toMatchObject({
      code: 'LOCK_STORE_UNAVAILABLE',
      sent: true,
    });
    const seen = await retry(() => store.inspect(acquire.key, call));
    expect(seen?.owner).toBe(acquire.owner);
    expect((await grant(store, acquire)).fencingToken).toBe(seen?.fencingToken);
  });

  it('have released although the reply was lost; asking again says that nothing is held', async () => {
    const lease = await grant(store, request(fresh('key')));
    proxy.dropReplies(1, 'EVALSHA');
    expect(await rejection(store.release(lease, call))).toMatchObject({ sent: true });
    expect(await retry(() => store.release(lease, call))).toEqual({ kind: 'not-held' });
    expect(await store.inspect(lease.key, call)).toBeNull();
  });
});

/** Until the connection stands again. */
async function retry<T>(task: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await task();
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }
}
