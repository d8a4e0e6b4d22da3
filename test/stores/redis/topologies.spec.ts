import { afterEach, describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redisStore, type RedisLeaseStore, type RedisStoreOptions } from '../../../lib/stores/redis/index.js';
import { startRedisCluster, startRedisServer } from '../../support/redis-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { call, freePort, fresh, grant, request, silent, until } from '../../support/fixtures.js';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function storeWith(options: RedisStoreOptions): RedisLeaseStore {
  const store = redisStore({ logger: silent, ...options });
  cleanUps.push(() => store.close());
  return store;
}

/** Acquire, learn that it is held, be told of the release. */
async function works(store: RedisLeaseStore): Promise<void> {
  await store.open();
  const lease = await grant(store, request(fresh('key'), { data: new Uint8Array([0, 255, 13, 10]) }));
  expect(await store.acquire(request(lease.key), call)).toMatchObject({ kind: 'held', owner: lease.owner });
  let hints = 0;
  store.whenFreed(lease.key, () => hints++, new AbortController().signal);
  await until(() => hints === 1, 5000, 'the subscription');
  expect(await store.renew(lease, call)).toMatchObject({ kind: 'renewed' });
  expect(await store.release(lease, call)).toEqual({ kind: 'released' });
  await until(() => hints === 2, 5000, 'the hint');
  expect((await store.inspect(lease.key, call))?.data).toEqual(new Uint8Array([0, 255, 13, 10]));
}

describe('The Redis store works with', () => {
  it('TLS', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'lock-tls-'));
    cleanUps.push(() => rmSync(dir, { recursive: true }));
    const [key, cert] = ['key.pem', 'cert.pem'].map(name => join(dir, name)) as [string, string];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '1',
        '-keyout',
        key,
        '-out',
        cert,
        ...subject,
      ],
      { stdio: 'ignore' },
    );
    const tlsPort = await freePort();
    const args = [
      '--tls-port',
      `${tlsPort}`,
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-auth-clients',
      'no',
    ];
    const server = await startRedisServer({ args: [...args, '--tls-ca-cert-file', cert] });
    cleanUps.push(() => server.stop());
    await works(
      storeWith({ url: `rediss://127.0.0.1:${tlsPort}`, options: { tls: { ca: readFileSync(cert) } } }),
    );
  });

  it('Sentinel', async () => {
    const master = await startRedisServer();
    cleanUps.push(() => master.stop());
    const dir = mkdtempSync(join(tmpdir(), 'lock-sentinel-'));
    cleanUps.push(() => rmSync(dir, { recursive: true }));
    const config = join(dir, 'sentinel.conf');
    writeFileSync(config, `sentinel monitor main 127.0.0.1 ${master.port} 1\n`);
    const sentinel = await startRedisServer({ configFile: config, args: ['--sentinel'] });
    cleanUps.push(() => sentinel.stop());
    const sentinels = [{ host: '127.0.0.1', port: sentinel.port }];
    await works(storeWith({ options: { sentinels, name: 'main' } }));
    const guarded = storeWith({ options: { sentinels, name: 'main' }, restartGuard: true, maxTtl: '30s' });
    expect(await guarded.acquire(request(fresh('key')), call)).toMatchObject({ kind: 'not-yet' });
  });

  it('a Cluster of its own, and one of the application with default options', async () => {
    const cluster = await startRedisCluster();
    cleanUps.push(() => cluster.stop());
    await works(storeWith({ cluster: { nodes: cluster.nodes } }));
    const client = new Cluster(cluster.nodes);
    cleanUps.push(() => client.disconnect());
    await works(storeWith({ client }));
    const lazy = new Cluster(cluster.nodes, { lazyConnect: true });
    cleanUps.push(() => lazy.disconnect());
    await works(storeWith({ client: lazy }));
  }, 60_000);

  it('a Cluster of which one node is silent: the others serve, and it is found again once it answers', async () => {
    const cluster = await startRedisCluster();
    cleanUps.push(() => cluster.stop());
    const proxies = await Promise.all(cluster.nodes.map(node => TcpProxy.start(node)));
    cleanUps.push(() => Promise.all(proxies.map(proxy => proxy.stop())));
    const natMap = Object.fromEntries(
      cluster.nodes.map(({ host, port }, i) => [`${host}:${port}`, { host, port: proxies[i]!.port }]),
    );
    const nodes = proxies.map(({ host, port }) => ({ host, port }));
    const store = storeWith({ cluster: { nodes, options: { natMap } } });
    const leases = await Promise.all(
      Array.from({ length: 30 }, () => grant(store, request(fresh('key'), { ttlMs: 20_000 }))),
    );
    await Promise.all(store.renewMany(leases, call));
    proxies[0]!.blackHole();
    const results = await Promise.all(
      store.renewMany(leases, call).map(renewal =>
        renewal.then(
          ({ kind }) => kind,
          error => error.sent as boolean,
        ),
      ),
    );
    const silent = leases.filter((_, i) => results[i] === true);
    expect(silent.length).toBeGreaterThan(0);
    expect(results.filter(result => result === 'renewed').length).toBe(30 - silent.length);
    proxies[0]!.heal();
    await until(
      () =>
        store.renew(silent[0]!, call).then(
          () => true,
          () => false,
        ),
      10_000,
      'the node',
    );
  }, 60_000);

  it.each([
    ['RESP 2', { protocol: 2 as const }],
    ['RESP 3 shapes', { replyMapping: 'resp3' as const }],
    ['numbers as strings', { stringNumbers: true }],
    ['auto-pipelining', { enableAutoPipelining: true }],
    ['another database', { db: 3 }],
  ])("an application's client that uses %s", async (_, options) => {
    const server = await startRedisServer();
    cleanUps.push(() => server.stop());
    const client = new Redis(server.url, options);
    cleanUps.push(() => client.disconnect());
    await works(storeWith({ client: client }));
  });
});
