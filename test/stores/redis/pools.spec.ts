import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { AcquireRequest } from '../../../lib/core/lease-store.js';
import { poolKey, slotKey } from '../../../lib/core/slot-keys.js';
import { redisStore, type RedisLeaseStore } from '../../../lib/stores/redis/index.js';
import { RedisKeys } from '../../../lib/stores/redis/redis-keys.js';
import {
  defaultRedisServer,
  startRedisCluster,
  startRedisServer,
  type RedisServer,
} from '../../support/redis-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { call, collect, fresh, grant, rejection, request, silent, until } from '../../support/fixtures.js';

const keys = new RedisKeys('lock');
const TTL_MS = 30_000;

/** Asks for any slot of a pool of 1,000. */
const wanted = (pool: string, own: Partial<AcquireRequest> = {}): AcquireRequest =>
  request(pool, { slots: 1000, ttlMs: TTL_MS, ...own });

function slots(count = 1000): number[] {
  return Array.from({ length: count }, (_, slot) => slot);
}

describe('A pool of 1,000 slots in Redis', () => {
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
    const warmUp = request(poolKey(fresh('warm-up')), { slots: 1 });
    await store.acquire(warmUp, call);
    await store.release({ ...warmUp, slots: 1 }, call);
  });
  afterEach(async () => {
    await store.close();
    await proxy.stop();
  });
  afterAll(() => server.stop());

  const trips = async <T>(task: () => Promise<T>): Promise<[number, number, T]> => {
    proxy.resetCounts();
    const outcome = await task();
    return [proxy.counts.commands, proxy.counts.replies, outcome];
  };

  it('takes one command and one reply to find the only free one, to find its own, to be full, and to release', async () => {
    const pool = poolKey(fresh('pool'));
    const others = slots().filter(slot => slot !== 777);
    await Promise.all(others.map(slot => grant(store, request(slotKey(pool, slot), { ttlMs: TTL_MS }))));
    const mine = wanted(pool, { firstSlot: 778 });
    expect(await trips(() => store.acquire(mine, call))).toMatchObject([
      1,
      1,
      { kind: 'granted', slot: 777 },
    ]);
    expect(await trips(() => store.acquire(mine, call))).toMatchObject([
      1,
      1,
      { kind: 'granted', slot: 777 },
    ]);
    const [commands, replies, full] = await trips(() => store.acquire(wanted(pool), call));
    expect([commands, replies, full.kind]).toEqual([1, 1, 'held']);
    expect(await trips(() => store.release({ key: pool, owner: mine.owner, slots: 1000 }, call))).toEqual([
      ...[1, 1],
      { kind: 'released' },
    ]);
  });

  it('goes in a command of its own where many ask in one turn, each of whom gets another slot', async () => {
    const pools = [poolKey(fresh('pool')), poolKey(fresh('pool'))];
    const asked = pools.flatMap(pool => slots(10).map(() => store.acquire(wanted(pool), call)));
    const given = (await Promise.all(asked)).map(outcome => (outcome.kind === 'granted' ? outcome.slot : -1));
    expect(given).toEqual([...slots(10), ...slots(10)]);
  });

  it('is granted again to the owner whose reply was lost', async () => {
    const pool = poolKey(fresh('pool'));
    const acquire = wanted(pool, { firstSlot: 5 });
    proxy.dropReplies(1, 'EVALSHA');
    expect(await rejection(store.acquire(acquire, call))).toMatchObject({ sent: true });
    await until(
      () =>
        store
          .acquire(acquire, call)
          .then(({ kind }) => kind === 'granted')
          .catch(() => false),
      5000,
      'Redis',
    );
    expect((await collect(store.list(`${pool}/`, call))).map(({ key }) => key)).toEqual([slotKey(pool, 5)]);
  });
});

describe('Slots of a pool in Redis', () => {
  let server: RedisServer;
  let store: RedisLeaseStore;
  beforeAll(async () => {
    server = await defaultRedisServer();
    store = redisStore({ url: server.url, logger: silent });
  });
  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  it('share one channel, whoever waits for which', async () => {
    const pool = poolKey(fresh('shared'));
    const waiting = new AbortController();
    let hints = 0;
    for (const key of [pool, ...slots(8).map(slot => slotKey(pool, slot))])
      store.whenFreed(key, () => hints++, waiting.signal);
    await until(() => hints === 9, 5000, 'the subscription');
    expect(await server.command('PUBSUB', 'CHANNELS', 'lock:{pool/shared-*')).toBe('1');
    expect(await server.command('PUBSUB', 'CHANNELS', keys.pool(pool))).toBe('1');
    const lease = await grant(store, request(slotKey(pool, 3)));
    await store.release(lease, call);
    await until(() => hints === 18, 5000, 'the hint');
    waiting.abort();
  });

  it.each<[string, (lease: string, fence: string, data: string) => string[][]]>([
    ['a lease that cannot be read', lease => [['SET', lease, 'garbage']]],
    ['a lease without expiry', lease => [['SET', lease, 'held 5 somebody\n0 ']]],
    ['a lease of another type', lease => [['HSET', lease, 'a', 'b']]],
    ['a counter that is no number', (_, fence) => [['SET', fence, 'garbage']]],
    ['a counter of another type', (_, fence) => [['HSET', fence, 'a', 'b']]],
    ['data of another type', (_lease, _fence, data) => [['SET', data, 'garbage']]],
  ])('are passed over with %s, and fail an acquire only where there is no other', async (_, commands) => {
    const pool = poolKey(fresh('pool'));
    const { lease, fence, data } = keys.of(slotKey(pool, 0));
    for (const command of commands(lease, fence, data)) await server.command(...command);
    const error = await rejection(store.acquire(request(pool, { slots: 1 }), call));
    expect(error).toMatchObject({ code: 'LOCK_CORRUPT_LEASE', key: pool });
    expect(await store.acquire(request(pool, { slots: 2 }), call)).toMatchObject({
      kind: 'granted',
      slot: 1,
    });
    const full = await store.acquire(request(pool, { slots: 2 }), call);
    expect(full).toMatchObject({ kind: 'held' });
    expect((full as { freeInMs: number }).freeInMs).toBeGreaterThan(4000);
    for (const name of [fence, data].filter(each => commands(lease, fence, data)[0]![1] !== each))
      expect(await server.command('EXISTS', name)).toBe('0');
  });

  it('are given back where what is kept beside them cannot be read', async () => {
    const pool = poolKey(fresh('pool'));
    await server.command('HSET', keys.of(slotKey(pool, 0)).data, 'a:shard', 'not JSON');
    expect(await rejection(store.acquire(request(pool, { slots: 3 }), call))).toMatchObject({
      code: 'LOCK_CORRUPT_LEASE',
      key: slotKey(pool, 0),
    });
    expect(await server.command('EXISTS', keys.of(slotKey(pool, 0)).lease)).toBe('0');
  });

  it('are apart from those of a pool whose name ends as a slot does', async () => {
    const name = fresh('pool');
    const [outer, inner] = [poolKey(name), poolKey(`${name}/3`)];
    const first = await grant(store, request(outer, { slots: 4, firstSlot: 3 }));
    const second = await grant(store, request(inner, { slots: 1 }));
    expect((await collect(store.list(outer, call))).map(({ key, owner }) => [key, owner]).sort()).toEqual([
      [slotKey(outer, 3), first.owner],
      [slotKey(inner, 0), second.owner],
    ]);
    expect(await store.release({ key: inner, owner: second.owner, slots: 1 }, call)).toEqual({
      kind: 'released',
    });
    expect(await store.inspect(slotKey(outer, 3), call)).toMatchObject({ owner: first.owner });
  });

  it("work behind an application's keyPrefix, hints included", async () => {
    const client = new Redis(server.url, { keyPrefix: 'app[1]:' });
    const prefixed = redisStore({ client, logger: silent });
    const pool = poolKey(fresh('pool'));
    let hints = 0;
    prefixed.whenFreed(pool, () => hints++, new AbortController().signal);
    await until(() => hints === 1, 5000, 'the subscription');
    const acquire = request(pool, { slots: 3, firstSlot: 2 });
    expect(await prefixed.acquire(acquire, call)).toMatchObject({ kind: 'granted', slot: 2 });
    expect(await server.command('EXISTS', `app[1]:${keys.of(slotKey(pool, 2)).lease}`)).toBe('1');
    expect((await collect(prefixed.list(`${pool}/2`, call))).map(({ key }) => key)).toEqual([
      slotKey(pool, 2),
    ]);
    await prefixed.release({ key: pool, owner: acquire.owner, slots: 3 }, call);
    await until(() => hints === 2, 5000, 'the hint');
    await prefixed.close();
    client.disconnect();
  });

  it('are not granted by a server that was started a moment ago, nor for longer than maxTtl', async () => {
    const young = await startRedisServer();
    const guarded = redisStore({ url: young.url, restartGuard: true, maxTtl: '30s', logger: silent });
    const pool = poolKey(fresh('pool'));
    const asked = slots(3).map(() => guarded.acquire(request(pool, { slots: 3 }), call));
    for (const outcome of await Promise.all(asked))
      expect(outcome).toMatchObject({ kind: 'not-yet', reason: 'restart-guard' });
    const long = request(pool, { slots: 3, ttlMs: 30_001 });
    expect(await rejection(guarded.acquire(long, call))).toMatchObject({ code: 'LOCK_STORE_REJECTED' });
    await guarded.close();
    await young.stop();
  });

  it('are not granted by a server that may evict them', async () => {
    const small = await startRedisServer({
      args: ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'],
    });
    const refused = redisStore({ url: small.url, logger: silent });
    await rejection(refused.open());
    const error = await rejection(refused.acquire(request(poolKey('p'), { slots: 3 }), call));
    expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: false });
    await refused.close();
    await small.stop();
  });
});

it('All slots of a pool are in one slot of a Redis Cluster', async () => {
  const cluster = await startRedisCluster();
  const store = redisStore({ cluster: { nodes: cluster.nodes }, logger: silent });
  try {
    const pools = slots(8).map(n => poolKey(`${fresh('pool')}{${n}}`));
    const places = new Set<string>();
    for (const pool of pools) {
      const names = slots().flatMap(slot => Object.values(keys.of(slotKey(pool, slot))));
      const found = await Promise.all(
        [keys.pool(pool), ...names.slice(0, 9), ...names.slice(-9)].map(name =>
          cluster.servers[0]!.command('CLUSTER', 'KEYSLOT', name),
        ),
      );
      expect(new Set(found).size).toBe(1);
      places.add(found[0]!);
      const given = await Promise.all(slots(5).map(() => store.acquire(request(pool, { slots: 5 }), call)));
      expect(given.map(outcome => (outcome.kind === 'granted' ? outcome.slot : -1)).sort()).toEqual(slots(5));
      expect(await store.acquire(request(pool, { slots: 5 }), call)).toMatchObject({ kind: 'held' });
    }
    expect(places.size).toBeGreaterThan(1);
  } finally {
    await store.close();
    await cluster.stop();
  }
}, 60_000);
