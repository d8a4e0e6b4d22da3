import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis, type RedisOptions } from 'ioredis';
import { redisStore, type RedisLeaseStore, type RedisStoreOptions } from '../../../lib/stores/redis/index.js';
import { startRedisServer, type RedisServer } from '../../support/redis-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import {
  call,
  freePort,
  fresh,
  grant,
  recordingLogger,
  rejection,
  request,
  silent,
  sleep,
  until,
  within,
} from '../../support/fixtures.js';

describe('Connection of the Redis store', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  const cleanUps: (() => unknown)[] = [];
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);

  beforeAll(async () => {
    server = await startRedisServer();
    process.on('unhandledRejection', onUnhandled);
  });
  beforeEach(async () => {
    proxy = await TcpProxy.start(server.url);
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    await proxy.stop();
    expect(unhandled).toEqual([]);
  });
  afterAll(async () => {
    process.off('unhandledRejection', onUnhandled);
    await server.stop();
  });

  function storeWith(options: RedisStoreOptions): RedisLeaseStore {
    const store = redisStore({ logger: silent, ...options });
    cleanUps.push(() => store.close());
    return store;
  }
  function clientOf(url: string, options: RedisOptions = {}): Redis {
    const client = new Redis(url, options);
    client.on('error', () => {});
    cleanUps.push(() => client.disconnect());
    return client;
  }

  it('replaces its own connection when the server accepts it, and answers no greeting', async () => {
    proxy.blackHole('to-client');
    const store = storeWith({ url: proxy.url });
    await store.open();
    expect(await rejection(store.acquire(request(fresh('key')), within(150)))).toMatchObject({ sent: false });
    proxy.heal();
    const granted = (): Promise<boolean> =>
      store.acquire(request(fresh('key')), within(150)).then(
        () => true,
        () => false,
      );
    expect(await granted()).toBe(false); // what was swallowed stays swallowed
    await until(granted, 8000, 'a second connection');
    expect(proxy.counts.connections).toBe(2);
  });

  it('replaces its own connection when it stays silent past a deadline', async () => {
    const store = storeWith({ url: proxy.url });
    const lease = await grant(store, request(fresh('key')));
    proxy.blackHole();
    const error = await rejection(store.renew(lease, within(150)));
    expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
    proxy.heal();
    await until(
      () =>
        store.renew(lease, call).then(
          () => true,
          () => false,
        ),
      3000,
      'a new connection',
    );
    expect(proxy.counts.connections).toBeGreaterThan(1);
  });

  it('keeps a connection on which replies still come, if late', async () => {
    const store = storeWith({ url: proxy.url });
    const lease = await grant(store, request(fresh('key')));
    await store.renew(lease, call);
    proxy.delay(150);
    const first = store.renew(lease, call);
    await sleep(150);
    const second = store.renew(lease, within(220));
    await Promise.all([first, second]);
    expect(proxy.counts.connections).toBe(1);
  });

  it('listens once to a signal that hundreds of renewals share, before and after it has connected', async () => {
    const filler = storeWith({ url: server.url });
    const leases = await Promise.all(Array.from({ length: 300 }, () => grant(filler, request(fresh('key')))));
    const store = storeWith({ url: proxy.url });
    for (let round = 0; round < 2; round++) {
      const { signal } = new AbortController();
      const listen = jest.spyOn(signal, 'addEventListener');
      const outcomes = await Promise.all(store.renewMany(leases, { timeoutMs: 5000, signal }));
      expect(outcomes.every(({ kind }) => kind === 'renewed')).toBe(true);
      expect(listen.mock.calls.length).toBeLessThanOrEqual(1);
    }
  });

  it('hands over a reply that comes after the deadline, when the connection lives', async () => {
    const store = storeWith({ client: clientOf(proxy.url) });
    await grant(store, request(fresh('key')));
    proxy.blackHole('to-client');
    const acquire = request(fresh('late'));
    const late = store.acquire(acquire, within(100));
    await sleep(200);
    proxy.heal('deliver');
    expect(await late).toMatchObject({ kind: 'granted' });
  });

  it('tells of an outage once, however long it lasts, and of its end', async () => {
    const port = await freePort();
    const logger = recordingLogger();
    const store = storeWith({ url: `redis://:hush@127.0.0.1:${port}`, logger });
    await rejection(store.acquire(request('down'), call));
    await sleep(500);
    await rejection(store.acquire(request('down'), call));
    const outages = logger.lines.filter(line => line.includes('not reachable'));
    expect(outages).toHaveLength(1);
    expect(outages[0]).not.toContain('hush');
    const late = await startRedisServer({
      port,
      args: ['--requirepass', 'hush'],
    });
    cleanUps.push(() => late.stop());
    await until(() => logger.lines.some(line => line.includes('reachable again')), 5000, 'the log');
    await grant(store, request(fresh('up')));
  });

  it('failure 24 (ioredis #492): answers at once while Redis is down, and sends nothing later', async () => {
    const down = await startRedisServer();
    cleanUps.push(() => down.stop());
    const client = clientOf(down.url);
    const stores = [storeWith({ url: down.url }), storeWith({ client })];
    for (const store of stores) await grant(store, request(fresh('key')));
    await down.kill();
    await until(() => client.status !== 'ready', 2000, 'the client to notice');
    for (const store of stores) {
      await until(
        () => rejection(store.acquire(request('queued'), within(1000))).then(error => error.sent === false),
        3000,
        'the store to notice',
      );
    }
    await down.restart();
    await until(() => client.status === 'ready', 5000, 'the reconnect');
    expect(await down.command('EXISTS', 'lock:{queued}:lease')).toBe('0');
  });

  it("never closes the application's client, unless told to", async () => {
    const client = clientOf(server.url);
    const store = redisStore({ client, logger: silent });
    await grant(store, request(fresh('key')));
    const listeners = client.listenerCount('ready') + client.listenerCount('close');
    await store.close();
    expect(client.status).toBe('ready');
    expect(await client.ping()).toBe('PONG');
    expect(client.listenerCount('ready') + client.listenerCount('close')).toBeLessThan(listeners);

    const closing = redisStore({ client, closeClient: true, logger: silent });
    await grant(closing, request(fresh('key')));
    await closing.close();
    await until(() => client.status === 'end', 2000, 'the client to close');
  });

  it.each([
    ['a lazy client', { lazyConnect: true }],
    ['a lazy client without offline queue', { lazyConnect: true, enableOfflineQueue: false }],
    ['a client that is connecting', {}],
    ['a client without offline queue that is connecting', { enableOfflineQueue: false }],
  ])('works with %s', async (_, options) => {
    const store = storeWith({ client: clientOf(server.url, options) });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => store.acquire(request(fresh('key')), call)),
    );
    expect(outcomes.every(({ kind }) => kind === 'granted')).toBe(true);
  });

  it('says why, once, when the application has closed its client', async () => {
    const logger = recordingLogger();
    const client = clientOf(server.url);
    const store = storeWith({ client, logger });
    const lease = await grant(store, request(fresh('key')));
    await client.quit();
    await until(() => client.status === 'end', 2000, 'the client to close');
    for (let i = 0; i < 3; i++) {
      const error = await rejection(store.renew(lease, call));
      expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: false });
      expect(error.message).toContain('onApplicationShutdown');
    }
    expect(logger.lines.filter(line => line.startsWith('error: ') && line.includes('closed'))).toHaveLength(
      1,
    );
  });

  it.each([
    ['its own options', (url: string): RedisStoreOptions => ({ url, options: { keyPrefix: 'app[1]:' } })],
    [
      "the application's client",
      (url: string): RedisStoreOptions => ({ client: clientOf(url, { keyPrefix: 'app[1]:' }) }),
    ],
  ])('honours the keyPrefix of %s in keys, list and hints', async (_, options) => {
    const store = storeWith(options(server.url));
    const plain = storeWith({ url: server.url });
    const key = `${fresh('prefixed')}*`;
    const lease = await grant(store, request(key, { data: 'kept' }));
    expect(await server.command('EXISTS', `app[1]:lock:{${key}}:lease`)).toBe('1');
    expect(await plain.inspect(key, call)).toBeNull();
    const listed: string[] = [];
    for await (const record of store.list('prefixed', call)) listed.push(record.key);
    expect(listed.filter(each => each === key)).toEqual([key]);
    let hints = 0;
    store.whenFreed(key, () => hints++, new AbortController().signal);
    await until(() => hints === 1, 3000, 'the subscription');
    await store.release(lease, call);
    await until(() => hints === 2, 3000, 'the hint');
  });

  it('fails every command after close() and leaves no connection', async () => {
    const store = redisStore({ url: proxy.url, logger: silent });
    const lease = await grant(store, request(fresh('key')));
    await store.close();
    await store.close();
    expect(await rejection(store.renew(lease, call))).toMatchObject({ sent: false });
    await until(() => proxy.openConnections === 0, 2000, 'the connection to close');
  });

  it('never makes a connection when closed before its first use', async () => {
    const store = redisStore({ url: proxy.url, logger: silent });
    await store.close();
    expect(await rejection(store.acquire(request('never'), call))).toMatchObject({ sent: false });
    expect(proxy.counts.connections).toBe(0);
  });
});
