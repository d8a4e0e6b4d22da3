import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { redisStore, type RedisLeaseStore } from '../../../lib/stores/redis/index.js';
import { RedisKeys } from '../../../lib/stores/redis/redis-keys.js';
import { call, fresh, grant, rejection, request, silent, sleep } from '../../support/fixtures.js';
import { startRedisServer, type RedisServer } from '../../support/redis-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

describe('What is asked of Redis in one turn, in one command', () => {
  const keys = new RedisKeys('lock');
  let server: RedisServer;
  let proxy: TcpProxy;
  let real: Redis;
  let store: RedisLeaseStore;

  beforeAll(async () => {
    server = await startRedisServer(); // its own, since its scripts are flushed
    real = new Redis(server.url);
  });
  beforeEach(async () => {
    proxy = await TcpProxy.start(server.url);
    store = redisStore({ url: proxy.url, batching: true, logger: silent });
    await store.open();
  });
  afterEach(async () => {
    await store.close();
    await proxy.stop();
  });
  afterAll(async () => {
    await real.quit();
    await server.stop();
  });

  /** Makes the scripts for many known to Redis, and starts to count. */
  async function warmUp(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      const leases = await Promise.all([1, 2].map(() => grant(store, request(fresh('warm')))));
      await Promise.all(leases.map(lease => store.renew(lease, call)));
      await Promise.all(leases.map(lease => store.release(lease, call)));
    }
    proxy.resetCounts();
  }

  it('is answered for each lease by itself: grants, holders, refusals, data', async () => {
    await warmUp();
    const held = await grant(store, request(fresh('held')));
    const [free, withData, same] = [
      request(fresh('free')),
      request(fresh('data'), { data: 'd', attributes: { a: 1 } }),
      request(fresh('same')),
    ];
    proxy.resetCounts();
    const outcomes = await Promise.all([
      store.acquire(free, call),
      store.acquire(request(held.key), call),
      store.acquire(withData, call),
      store.acquire(request(fresh('absent'), { mustExist: true }), call),
      store.acquire(same, call),
      store.acquire({ ...request(same.key) }, call),
    ]);
    expect(outcomes).toMatchObject([
      { kind: 'granted' },
      { kind: 'held', owner: held.owner },
      { kind: 'granted', data: 'd', attributes: { a: 1 } },
      { kind: 'absent' },
      { kind: 'granted' },
      { kind: 'held', owner: same.owner },
    ]);
    // Those with other arguments go by themselves, and so does the second for one key.
    expect(proxy.counts).toMatchObject({ commands: 4, replies: 4 });
    const ours = { ...withData, fencingToken: (outcomes[2] as any).fencingToken, sequence: 1 };
    const renewals = store.renewMany([{ ...ours, data: 'e' }, { ...ours, owner: 'another' }, held], call);
    expect((await Promise.all(renewals)).map(({ kind }) => kind)).toEqual(['renewed', 'not-held', 'renewed']);
    expect(await store.inspect(withData.key, call)).toMatchObject({ data: 'e' });
    const releases = [store.release({ ...held, owner: 'another' }, call), store.release(held, call)];
    expect((await Promise.all(releases)).map(({ kind }) => kind)).toEqual(['not-held', 'released']);
  });

  it('fails for the lease that is damaged, and for no other', async () => {
    await warmUp();
    const [damaged, sound] = [request(fresh('damaged')), request(fresh('sound'))];
    await real.set(keys.of(damaged.key).lease, 'of somebody else');
    const [error, outcome] = await Promise.all([
      rejection(store.acquire(damaged, call)),
      store.acquire(sound, call),
    ]);
    expect(error).toMatchObject({
      code: 'LOCK_CORRUPT_LEASE',
      message: expect.stringContaining(damaged.key),
    });
    expect(outcome).toMatchObject({ kind: 'granted' });
    // The second lets go of what may have been granted.
    expect(proxy.counts).toMatchObject({ commands: 2 });
  });

  it('is in doubt for each lease when the one reply is lost, and known when asked again', async () => {
    await warmUp();
    const requests = [1, 2, 3].map(() => request(fresh('key')));
    proxy.dropReplies(1, 'EVALSHA');
    const errors = await Promise.all(requests.map(each => rejection(store.acquire(each, call))));
    expect(errors).toMatchObject(Array(3).fill({ code: 'LOCK_STORE_UNAVAILABLE', sent: true }));
    for (const { key, owner } of requests)
      expect(await real.get(keys.of(key).lease)).toContain(` ${owner}\n`);
  });

  it('is sent again where Redis did not know the script, but for what was given up meanwhile', async () => {
    await warmUp();
    await real.script('FLUSH');
    const [onTime, tooLate] = [request(fresh('key')), request(fresh('late'))];
    const [outcome, error] = await Promise.all([
      store.acquire(onTime, call),
      rejection(store.acquire(tooLate, { ...call, signal: AbortSignal.abort(), onAbort: () => undefined })),
    ]);
    expect(outcome).toMatchObject({ kind: 'granted' });
    expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: false });
    expect(await store.inspect(tooLate.key, call)).toBeNull();
  });

  it('is told of the restart guard once for all', async () => {
    const guarded = redisStore({
      url: proxy.url,
      batching: true,
      logger: silent,
      restartGuard: true,
      maxTtl: '30d',
    });
    await guarded.open();
    for (let round = 0; round < 2; round++) {
      proxy.resetCounts();
      const outcomes = await Promise.all([1, 2, 3].map(() => guarded.acquire(request(fresh('key')), call)));
      expect(outcomes).toMatchObject(Array(3).fill({ kind: 'not-yet', reason: 'restart-guard' }));
      if (round === 1) expect(proxy.counts).toMatchObject({ commands: 1, replies: 1 });
    }
    await guarded.close();
  });

  /** How many commands acquire three leases in one turn, on a connection that has been asked who answers. */
  async function commandsForThree(tested: RedisLeaseStore): Promise<number> {
    await grant(tested, request(fresh('warm')));
    await sleep(50);
    const calls = async (): Promise<number> =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await real.info('commandstats'))?.[1] ?? 0);
    const before = await calls();
    await Promise.all([1, 2, 3].map(() => grant(tested, request(fresh('key')))));
    return (await calls()) - before;
  }

  it('is where Redis itself answers; behind a proxy, which may spread keys over servers, each lease goes by itself', async () => {
    const direct = redisStore({ url: server.url, logger: silent });
    const proxied = redisStore({ url: proxy.url, logger: silent });
    const apart = redisStore({ url: server.url, batching: false, logger: silent });
    expect(await commandsForThree(direct)).toBe(1);
    expect(await commandsForThree(proxied)).toBe(3);
    expect(await commandsForThree(apart)).toBe(3);
    for (const each of [direct, proxied, apart]) await each.close();
  });

  it('is found out for the application’s own client, too', async () => {
    const client = new Redis(server.url);
    const borrowing = redisStore({ client, logger: silent });
    expect(await commandsForThree(borrowing)).toBe(1);
    await borrowing.close();
    await client.quit();
  });

  it('is sent by lease from then on where a server has slots although it seems to be one', async () => {
    const sent: number[] = [];
    const client = {
      status: 'ready',
      options: {},
      on() {},
      off() {},
      duplicate() {},
      disconnect() {},
      info: async () => '',
      evalshaBuffer: async (_: string, keys: number) => {
        sent.push(keys);
        if (keys > 3)
          throw Object.assign(new Error("CROSSSLOT Keys in request don't hash to the same slot"), {
            name: 'ReplyError',
          });
        return Buffer.from('granted 5');
      },
    };
    const slotted = redisStore({ client: client as never, batching: true, logger: silent });
    await slotted.open();
    for (let round = 0; round < 2; round++) {
      const outcomes = await Promise.all([1, 2].map(() => slotted.acquire(request(fresh('key')), call)));
      expect(outcomes).toMatchObject(Array(2).fill({ kind: 'granted', fencingToken: 5 }));
    }
    expect(sent).toEqual([6, 3, 3, 3, 3]);
  });
});
