import { describe, expect, it } from '@jest/globals';
import { freePort, sleep } from '../support/fixtures.js';
import { startRedisServer } from '../support/redis-server.js';
import { freshKey, replica } from './replica.js';

describe('a Redis that comes and goes', () => {
  it('that is down at start-up: acquire fails as unavailable within its wait, and campaigns succeed once it is up', async () => {
    const port = await freePort();
    const manager = await replica({ url: `redis://127.0.0.1:${port}` }, { ttl: 1000 });
    const delays: unknown[] = [];
    manager.on('acquire-delayed', delay => delays.push(delay));
    const campaign = manager.lock(freshKey());
    const leading = campaign.lock();

    const startedAt = performance.now();
    await expect(manager.acquire(freshKey(), { wait: 600 })).rejects.toMatchObject({
      code: 'LOCK_STORE_UNAVAILABLE',
    });
    expect(performance.now() - startedAt).toBeLessThan(1500);
    await expect(manager.tryAcquire(freshKey())).rejects.toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE' });
    expect(delays).toContainEqual(expect.objectContaining({ reason: 'unavailable' }));

    const server = await startRedisServer({ port });
    const lease = await leading;
    expect(lease.isHeld).toBe(true);
    await manager.close();
    await server.stop();
  });

  it('that restarts empty: the holder learns that it lost, tokens still grow', async () => {
    const server = await startRedisServer();
    const manager = await replica({ url: server.url }, { ttl: 1000 });
    const lock = manager.lock(freshKey());
    const first = await lock.lock();
    await server.kill('SIGKILL');
    await server.restart();
    await sleep(1200);
    expect(first.isHeld).toBe(false);
    const second = await lock.lock();
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken);
    await manager.close();
    await server.stop();
  });

  it('with the restart guard: after a kill nothing is granted that could overlap an old lease', async () => {
    const server = await startRedisServer();
    const guarded = { url: server.url, restartGuard: true, maxTtl: 2000 };
    const options = { ttl: 1500, wait: '20s' as const };
    await sleep(3200); // a server that has long been up delays nothing
    const holder = await replica(guarded, options);
    const startedAt = performance.now();
    const old = await holder.acquire('order:1');
    expect(performance.now() - startedAt).toBeLessThan(500);
    const contender = await replica(guarded, options);
    let oldEndedAt = Infinity;
    old.signal.addEventListener('abort', () => (oldEndedAt = performance.now()));

    await server.kill('SIGKILL');
    await server.restart();
    await expect(contender.tryAcquire('order:1')).rejects.toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE' });
    const next = await contender.acquire('order:1');
    expect(performance.now()).toBeGreaterThan(oldEndedAt);
    expect(old.isHeld).toBe(false);
    expect(next.fencingToken).toBeGreaterThan(old.fencingToken);
    await Promise.all([holder.close(), contender.close()]);
    await server.stop();
  });

  it('failure 12 (redisson #4706): too few replicas to write to leaves no key unobtainable', async () => {
    const server = await startRedisServer({ args: ['--min-replicas-to-write', '1'] });
    const manager = await replica({ url: server.url }, { ttl: 5000 });
    const key = freshKey();
    await expect(manager.acquire(key, { wait: 300 })).rejects.toMatchObject({
      code: 'LOCK_STORE_UNAVAILABLE',
    });
    await server.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
    const startedAt = performance.now();
    await (await manager.acquire(key)).release();
    expect(performance.now() - startedAt).toBeLessThan(1000);
    await manager.close();
    await server.stop();
  });
});
