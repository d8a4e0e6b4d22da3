import { afterEach, describe, expect, it } from '@jest/globals';
import { redisStore, type RedisLeaseStore, type RedisStoreOptions } from '../../../lib/stores/redis/index.js';
import { withRestartGuard } from '../../../lib/stores/redis/restart-guard.js';
import { SCRIPTS } from '../../../lib/stores/redis/scripts.generated.js';
import { startRedisCluster, startRedisServer, type RedisServer } from '../../support/redis-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import {
  call,
  fresh,
  grant,
  recordingLogger,
  rejection,
  request,
  silent,
  sleep,
} from '../../support/fixtures.js';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function serverWith(...args: string[]): Promise<RedisServer> {
  const server = await startRedisServer({ args });
  cleanUps.push(() => server.stop());
  return server;
}

function storeOn(url: string, options: RedisStoreOptions = {}): RedisLeaseStore {
  const store = redisStore({ url, maxTtl: '2s', restartGuard: true, logger: silent, ...options });
  cleanUps.push(() => store.close());
  return store;
}

/** Asks until something else than a failure comes back. */
async function acquireOnceUp(store: RedisLeaseStore, key: string) {
  for (;;) {
    try {
      return await store.acquire(request(key, { ttlMs: 2000 }), call);
    } catch {
      await sleep(20);
    }
  }
}

describe('Restart guard', () => {
  it('takes the uptime to be ahead by a second', async () => {
    const server = await serverWith();
    const store = storeOn(server.url, { maxTtl: '60s' });
    const before = Number(/uptime_in_seconds:(\d+)/.exec(await server.command('INFO', 'server'))![1]);
    const outcome = (await store.acquire(request(fresh('key')), call)) as { freeInMs: number };
    const after = Number(/uptime_in_seconds:(\d+)/.exec(await server.command('INFO', 'server'))![1]);
    expect(outcome.freeInMs).toBeLessThanOrEqual(61_000 - before * 1000);
    expect(outcome.freeInMs).toBeGreaterThanOrEqual(61_000 - after * 1000);
  });

  it('waits also where a restarted Redis knows the script, as before version 7 from its AOF or dump', async () => {
    const server = await serverWith();
    const { source } = withRestartGuard(SCRIPTS.acquire, 30_000);
    await server.command('SCRIPT', 'LOAD', source);
    const store = storeOn(server.url, { maxTtl: '30s' });
    expect(await store.acquire(request(fresh('key')), call)).toMatchObject({ kind: 'not-yet' });
  });

  it.each([
    ['without its data', ['--appendonly', 'no']],
    ['from its AOF', ['--appendonly', 'yes', '--appendfsync', 'always']],
  ])(
    'grants nothing that an old lease could overlap after Redis was killed and restarted %s',
    async (_, args) => {
      const server = await serverWith(...args);
      const holder = storeOn(server.url, { restartGuard: false });
      const lease = await grant(holder, request(fresh('key'), { ttlMs: 2000 }));
      const grantedAt = performance.now();
      const contender = storeOn(server.url);
      await server.restart();
      const first = await acquireOnceUp(contender, lease.key);
      expect(first).toMatchObject({ kind: 'not-yet', reason: 'restart-guard' });
      let outcome = first;
      while (outcome.kind !== 'granted') {
        await sleep(50);
        outcome = await acquireOnceUp(contender, lease.key);
      }
      expect(performance.now() - grantedAt).toBeGreaterThan(2000);
      expect(outcome.fencingToken).toBeGreaterThan(lease.fencingToken);
    },
  );

  it('renews and releases at once after a restart with data', async () => {
    const server = await serverWith('--appendonly', 'yes', '--appendfsync', 'always');
    const store = storeOn(server.url, { maxTtl: '30s' });
    const early = storeOn(server.url, { restartGuard: false, maxTtl: '30s' });
    const lease = await grant(early, request(fresh('key'), { ttlMs: 20_000 }));
    await server.restart();
    await store.open();
    expect(await store.renew(lease, call)).toMatchObject({ kind: 'renewed' });
    expect(await store.release(lease, call)).toEqual({ kind: 'released' });
    expect(await store.acquire(request(lease.key), call)).toMatchObject({ kind: 'not-yet' });
  });

  it('is not opened by a store without guard, or with a shorter maxTtl', async () => {
    const server = await serverWith();
    const plain = storeOn(server.url, { restartGuard: false, maxTtl: '30s' });
    await grant(plain, request(fresh('key')));
    const guarded = storeOn(server.url, { maxTtl: '30s' });
    expect(await guarded.acquire(request(fresh('key')), call)).toMatchObject({ kind: 'not-yet' });
  });

  it('delays nothing on a Redis that has long been up, not even after SCRIPT FLUSH', async () => {
    const server = await serverWith();
    await sleep(1300);
    const store = storeOn(server.url, { maxTtl: '200ms' });
    while ((await store.acquire(request('up', { ttlMs: 100 }), call)).kind !== 'granted') await sleep(50);
    const proxy = await TcpProxy.start(server.url);
    cleanUps.push(() => proxy.stop());
    const other = storeOn(proxy.url, { maxTtl: '200ms' });
    await other.open();
    proxy.resetCounts();
    await grant(other, request(fresh('key'), { ttlMs: 100 }));
    expect(proxy.counts.commands).toBe(1);
    await server.command('SCRIPT', 'FLUSH');
    await grant(other, request(fresh('key'), { ttlMs: 100 }));
  });

  it('asks each master of a Cluster', async () => {
    const cluster = await startRedisCluster();
    cleanUps.push(() => cluster.stop());
    const store = storeOn('', { url: undefined, cluster: { nodes: cluster.nodes }, maxTtl: '25s' });
    const keys = Array.from({ length: 12 }, () => fresh('key'));
    for (const key of keys) {
      const outcome = await store.acquire(request(key), call);
      expect(outcome).toMatchObject({ kind: 'not-yet' });
      expect((outcome as { freeInMs: number }).freeInMs).toBeGreaterThan(0);
    }
  }, 60_000);

  it('refuses a TTL above maxTtl, naming both', async () => {
    const server = await serverWith();
    const store = storeOn(server.url);
    const error = await rejection(store.acquire(request('long', { ttlMs: 2001 }), call));
    expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: false });
    expect(error.message).toMatch(/2001 ms.*maxTtl \(2000 ms\)/);
  });

  it.each([
    [true, 'guard on'],
    [false, 'guard off'],
  ])('says whether it is on (%p)', (restartGuard, words) => {
    const logger = recordingLogger();
    storeOn('redis://127.0.0.1:1', { restartGuard, logger });
    expect(logger.lines.join()).toContain(words);
  });

  it('is on by default in production only', () => {
    const { NODE_ENV } = process.env;
    try {
      for (const [environment, words] of [
        ['production', 'guard on'],
        ['test', 'guard off'],
      ] as const) {
        process.env.NODE_ENV = environment;
        const logger = recordingLogger();
        redisStore({ url: 'redis://127.0.0.1:1', logger });
        expect(logger.lines.join()).toContain(words);
      }
    } finally {
      process.env.NODE_ENV = NODE_ENV;
    }
  });
});
