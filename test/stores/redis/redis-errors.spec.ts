import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { redisStore, type RedisLeaseStore, type RedisStoreOptions } from '../../../lib/stores/redis/index.js';
import { startRedisServer, type RedisServer } from '../../support/redis-server.js';
import { call, freePort, fresh, grant, rejection, request, silent, until } from '../../support/fixtures.js';

describe('Failures of Redis', () => {
  let server: RedisServer;
  const stores: RedisLeaseStore[] = [];

  beforeAll(async () => {
    server = await startRedisServer();
    await server.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~app:*', '&*', '+@all');
    await server.command('ACL', 'SETUSER', 'half', 'on', '>secret', '~*', '&*', '+@all', '-set');
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });
  afterAll(() => server.stop());

  function storeAt(url: string, options: RedisStoreOptions = {}): RedisLeaseStore {
    const store = redisStore({ url, logger: silent, ...options });
    stores.push(store);
    return store;
  }
  const asUser = (user: string): string => server.url.replace('//', `//${user}:secret@`);

  it('a port where nothing listens: unavailable, never sent, and open() is no error', async () => {
    const store = storeAt(`redis://127.0.0.1:${await freePort()}`);
    await store.open();
    const error = await rejection(store.acquire(request('down'), call));
    expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: false });
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('a wrong password: refused for good, and the password is not told', async () => {
    const store = storeAt(server.url.replace('//', '//app:wrong-password@'));
    await store.open();
    const error = await rejection(store.acquire(request('auth'), call));
    expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: false });
    expect(error.message).toContain('WRONGPASS');
    expect(error.message).not.toContain('wrong-password');
  });

  it.each([
    ['keys', 'app'],
    ['commands of the scripts', 'half'],
  ])('missing rights on %s: refused for good, nothing is left behind', async (_, user) => {
    const key = fresh('rights');
    const error = await rejection(storeAt(asUser(user)).acquire(request(key), call));
    expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: false });
    expect(error.message).toContain('docs/redis.md');
    expect(await server.command('EXISTS', `lock:{${key}}:lease`)).toBe('0');
  });

  it('a replica: refused for now', async () => {
    const replica = await startRedisServer({ args: ['--replicaof', '127.0.0.1', `${server.port}`] });
    try {
      await until(
        async () => (await replica.command('INFO', 'replication')).includes('master_link_status:up'),
        10_000,
        'the replica',
      );
      const error = await rejection(storeAt(replica.url).acquire(request('ro'), call));
      expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: true });
      expect(error.message).toContain('READONLY');
    } finally {
      await replica.stop();
    }
  });

  it('no memory: acquire is refused for now and changes nothing; renewal and release still work', async () => {
    const full = await startRedisServer();
    try {
      const store = storeAt(full.url);
      const lease = await grant(store, request(fresh('key')));
      await store.renew(lease, call);
      await full.command('CONFIG', 'SET', 'maxmemory', '1');
      const other = fresh('other');
      const error = await rejection(store.acquire(request(other), call));
      expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: true });
      expect(error.message).toContain('OOM');
      expect(await full.command('EXISTS', `lock:{${other}}:lease`)).toBe('0');
      expect(await store.renew({ ...lease, data: 'x' }, call)).toMatchObject({ kind: 'renewed' });
      expect(await store.release({ ...lease, keepForMs: 100, data: 'y' }, call)).toEqual({
        kind: 'released',
      });
    } finally {
      await full.stop();
    }
  });

  it.each(['lease', 'fence', 'data'])(
    "failure 25 (node-redlock #38): an application's own value under our %s key is corrupt, and is left alone",
    async part => {
      const key = fresh('foreign');
      const name = `lock:{${key}}:${part}`;
      await server.command('RPUSH', name, 'theirs');
      const store = storeAt(server.url);
      const error = await rejection(store.acquire(request(key, { data: 'x' }), call));
      expect(error).toMatchObject({ code: 'LOCK_CORRUPT_LEASE', key });
      expect(await server.command('LLEN', name)).toBe('1');
      if (part !== 'lease') expect(await server.command('EXISTS', `lock:{${key}}:lease`)).toBe('0');
    },
  );

  it.each([
    ['a lease without token', ['SET', 'lease', 'held me']],
    ['a lease of another type', ['HSET', 'lease', 'owner', 'me']],
    ['a counter of another type', ['HSET', 'fence', 'token', '5']],
    ['a counter that is no number', ['SET', 'fence', 'many']],
    ['a counter beyond safe integers', ['SET', 'fence', '9007199254740991']],
    ['data of an unknown kind', ['HSET', 'data', 'data', 'x', 'kind', 'y']],
    ['a field of unknown name', ['HSET', 'data', 'colour', 'x']],
  ])('%s is corrupt', async (_, [command, part, ...rest]) => {
    const key = fresh('garbage');
    await server.command(command!, `lock:{${key}}:${part}`, ...rest);
    const error = await rejection(storeAt(server.url).acquire(request(key), call));
    expect(error).toMatchObject({ code: 'LOCK_CORRUPT_LEASE', key });
  });

  it('an acquire that finds something unreadable beside the lease leaves nothing held', async () => {
    const key = fresh('unreadable');
    await server.command('HSET', `lock:{${key}}:data`, 'a:shard', 'not JSON');
    const store = storeAt(server.url);
    for (const _ of [1, 2]) {
      const error = await rejection(store.acquire(request(key), call));
      expect(error).toMatchObject({ code: 'LOCK_CORRUPT_LEASE', key });
      expect(await server.command('EXISTS', `lock:{${key}}:lease`)).toBe('0');
    }
  });

  it('no right to publish: release and forced revoke free the key all the same', async () => {
    await server.command('ACL', 'SETUSER', 'mute', 'on', '>secret', '~*', 'resetchannels', '+@all');
    const store = storeAt(asUser('mute'));
    const lease = await grant(store, request(fresh('key')));
    expect(await store.release(lease, call)).toEqual({ kind: 'released' });
    const again = await grant(store, request(lease.key));
    expect(await store.revoke({ ...again, force: true }, call)).toBe(true);
    await grant(store, request(lease.key));
  });

  it.each([1e300, Infinity])('data that is to be kept for %p ms is kept for ever', async dataTtlMs => {
    const store = storeAt(server.url);
    const lease = await grant(store, request(fresh('key'), { data: 'x', dataTtlMs }));
    expect(await server.command('PTTL', `lock:{${lease.key}}:data`)).toBe('-1');
    expect(await store.release(lease, call)).toEqual({ kind: 'released' });
  });

  it('a client of the application that says it could not send: it may have sent before, so that counts as sent', async () => {
    const message = "Cluster isn't ready and enableOfflineQueue options is false";
    const client = {
      status: 'ready',
      options: {},
      on() {},
      off() {},
      duplicate() {},
      disconnect() {},
      info: async () => '',
      evalshaBuffer: async () => Promise.reject(new Error(message)),
    };
    const store = redisStore({ client: client as never, logger: silent });
    stores.push(store);
    expect(await rejection(store.acquire(request(fresh('key')), call))).toMatchObject({
      code: 'LOCK_STORE_UNAVAILABLE',
      sent: true,
    });
  });

  it('a lease that never expires is corrupt, since nobody would ever be granted the key', async () => {
    const store = storeAt(server.url);
    const lease = await grant(store, request(fresh('key')));
    await server.command('PERSIST', `lock:{${lease.key}}:lease`);
    expect(await rejection(store.acquire(request(lease.key), call))).toMatchObject({
      code: 'LOCK_CORRUPT_LEASE',
    });
    await store.renew(lease, call);
    expect(await store.acquire(request(lease.key), call)).toMatchObject({ kind: 'held' });
  });

  it('scripts that Redis has forgotten are loaded again, once for all who miss them', async () => {
    const store = storeAt(server.url);
    const leases = await Promise.all(Array.from({ length: 20 }, () => grant(store, request(fresh('key')))));
    await server.command('SCRIPT', 'FLUSH');
    const outcomes = await Promise.all(store.renewMany(leases, call));
    expect(outcomes.every(({ kind }) => kind === 'renewed')).toBe(true);
    await server.command('SCRIPT', 'FLUSH');
    expect(await store.release(leases[0]!, call)).toEqual({ kind: 'released' });
  });
});
