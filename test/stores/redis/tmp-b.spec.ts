import { afterEach, expect, it } from '@jest/globals';
import { redisStore } from '../../../lib/stores/redis/index.js';
import { startRedisServer } from '../../support/redis-server.js';
import { call, fresh, grant, request, silent, sleep } from './fixtures.js';
it('guard with AOF, script known before', async () => {
  const server = await startRedisServer({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const o = { url: server.url, maxTtl: '2s', restartGuard: true, logger: silent } as const;
  const a = redisStore(o);
  let out = await a.acquire(request('warm', { ttlMs: 100 }), call);
  while (out.kind !== 'granted') { await sleep(100); out = await a.acquire(request('warm', { ttlMs: 100 }), call); }
  await server.restart();
  const b = redisStore(o);
  const r = await b.acquire(request(fresh('k'), { ttlMs: 2000 }), call);
  console.log(await server.command('INFO', 'server').then(s => s.slice(0, 60)), r);
  await a.close(); await b.close(); await server.stop();
  expect(r.kind).toBe('not-yet');
});
it('release without channel rights', async () => {
  const server = await startRedisServer();
  await server.command('ACL', 'SETUSER', 'locks', 'on', '>secret', 'resetkeys', '~lock:*', 'resetchannels', '+@all');
  const s = redisStore({ url: server.url.replace('redis://', 'redis://locks:secret@'), restartGuard: false, logger: silent });
  const g = await grant(s, request('x'));
  const r = await s.release(g, call).catch(e => e);
  console.log(String(r), String(await s.revoke({ key: 'x', fencingToken: (await grant(s, request('x'))).fencingToken, force: true }, call).catch(e => e)));
  await s.close(); await server.stop();
});
it('corrupt kept', async () => {
  const server = await startRedisServer();
  const s = redisStore({ url: server.url, restartGuard: false, logger: silent });
  await server.command('HSET', 'lock:{x}:data', 'a:n', 'not json');
  console.log(String(await s.acquire(request('x'), call).catch(e => e)), JSON.stringify(await s.acquire(request('x'), call).catch(e => String(e))));
  const r = await s.acquire({ ...request('y'), data: 'a', dataTtlMs: Number.MAX_VALUE }, call).catch(e => e);
  console.log(String(r), await server.command('EXISTS', 'lock:{y}:lease'));
  await s.close(); await server.stop();
});
it('url prefix', async () => {
  const server = await startRedisServer();
  const s = redisStore({ url: server.url + '/0?keyPrefix=app:&maxRetriesPerRequest=5&enableOfflineQueue=true', restartGuard: false, logger: silent });
  await grant(s, request('x'));
  const keys = []; for await (const r of s.list('', call)) keys.push(r.key);
  console.log(keys, (s as any).connection.client.options);
  await s.close(); await server.stop();
});
