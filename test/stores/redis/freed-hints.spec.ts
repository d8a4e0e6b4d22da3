import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { redisStore, type RedisLeaseStore } from '../../../lib/stores/redis/index.js';
import { startRedisCluster, startRedisServer, type RedisServer } from '../../support/redis-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { call, fresh, grant, request, silent, until } from '../../support/fixtures.js';

describe('Push hints of Redis', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let store: RedisLeaseStore;
  let holder: RedisLeaseStore;

  beforeAll(async () => {
    server = await startRedisServer();
  });
  beforeEach(async () => {
    proxy = await TcpProxy.start(server.url);
    store = redisStore({ url: proxy.url, logger: silent });
    holder = redisStore({ url: server.url, logger: silent });
  });
  afterEach(async () => {
    await store.close();
    await holder.close();
    await proxy.stop();
  });
  afterAll(() => server.stop());

  const subscriptions = async (pattern: string): Promise<number> => {
    const reply = await server.command('EVAL', `return #redis.call('PUBSUB', 'CHANNELS', '${pattern}')`, '0');
    return Number(reply);
  };

  it('come once when the subscription stands, and at once when the key is released', async () => {
    const lease = await grant(holder, request(fresh('key')));
    const hints: number[] = [];
    store.whenFreed(lease.key, () => hints.push(performance.now()), new AbortController().signal);
    await until(() => hints.length === 1, 2000, 'the first hint');
    const releasedAt = performance.now();
    await holder.release(lease, call);
    await until(() => hints.length === 2, 2000, 'the hint');
    expect(hints[1]! - releasedAt).toBeLessThan(200);
  });

  it('come after a forced revoke, not after a plain one', async () => {
    const lease = await grant(holder, request(fresh('key')));
    let hints = 0;
    store.whenFreed(lease.key, () => hints++, new AbortController().signal);
    await until(() => hints === 1, 2000, 'the first hint');
    await holder.revoke(lease, call);
    await holder.revoke({ ...lease, force: true }, call);
    await until(() => hints === 2, 2000, 'the hint');
  });

  it('open no connection until somebody waits, share one, and unsubscribe with the last who waits', async () => {
    const [key, other] = [fresh('shared'), fresh('shared')];
    await store.open();
    expect(proxy.openConnections).toBe(1);
    const aborts = Array.from({ length: 30 }, () => new AbortController());
    let hints = 0;
    for (const [i, { signal }] of aborts.entries())
      store.whenFreed(i % 2 ? key : other, () => hints++, signal);
    await until(() => hints === 30, 2000, 'all first hints');
    expect(proxy.openConnections).toBe(2);
    expect(await subscriptions('lock:{shared-*')).toBe(2);
    for (const abort of aborts.slice(2)) abort.abort();
    expect(await subscriptions('lock:{shared-*')).toBe(2);
    for (const abort of aborts) abort.abort();
    await until(
      async () => (await subscriptions('lock:{shared-*')) === 0,
      2000,
      'the end of the subscriptions',
    );
  });

  it('tell one who comes later at once, when the subscription stands already', async () => {
    const key = fresh('key');
    let hints = 0;
    store.whenFreed(key, () => hints++, new AbortController().signal);
    await until(() => hints === 1, 2000, 'the first hint');
    let late = 0;
    store.whenFreed(key, () => late++, new AbortController().signal);
    await until(() => late === 1, 2000, "the latecomer's hint");
    expect(hints).toBe(1);
  });

  it('come again after the connection was cut and the subscription stands anew', async () => {
    let hints = 0;
    store.whenFreed(fresh('key'), () => hints++, new AbortController().signal);
    await until(() => hints === 1, 2000, 'the first hint');
    proxy.reset();
    await until(() => hints === 2, 5000, 'the hint after the reconnect');
  });

  it('begin once Redis is up', async () => {
    proxy.refuse(true);
    let hints = 0;
    store.whenFreed(fresh('key'), () => hints++, new AbortController().signal);
    await until(() => proxy.counts.connections === 0, 1000, 'nothing');
    proxy.refuse(false);
    await until(() => hints === 1, 5000, 'the first hint');
  });

  it('leave nothing behind after close()', async () => {
    const abort = new AbortController();
    let hints = 0;
    store.whenFreed(fresh('closed'), () => hints++, abort.signal);
    await until(() => hints === 1, 2000, 'the first hint');
    await store.close();
    await until(() => proxy.openConnections === 0, 2000, 'the connections to close');
    abort.abort();
    store.whenFreed(fresh('closed'), () => hints++, new AbortController().signal);
    expect(hints).toBe(1);
  });

  it('cross the nodes of a Cluster', async () => {
    const cluster = await startRedisCluster();
    const [one, two] = [1, 2].map(() => redisStore({ cluster: { nodes: cluster.nodes }, logger: silent }));
    try {
      const leases = await Promise.all(Array.from({ length: 6 }, () => grant(one!, request(fresh('key')))));
      const told = new Map<string, number>();
      for (const { key } of leases) {
        two!.whenFreed(key, () => told.set(key, (told.get(key) ?? 0) + 1), new AbortController().signal);
      }
      await until(() => told.size === 6, 5000, 'the first hints');
      for (const lease of leases) await one!.release(lease, call);
      await until(() => [...told.values()].every(count => count === 2), 5000, 'the hints');
    } finally {
      await one!.close();
      await two!.close();
      await cluster.stop();
    }
  }, 60_000);
});
