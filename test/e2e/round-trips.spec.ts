import { expect, it } from '@jest/globals';
import { TcpProxy } from '../support/tcp-proxy.js';
import { freshKey, replica } from './replica.js';

it('takes exactly one round trip to acquire and one to release, counted at the socket', async () => {
  const proxy = await TcpProxy.start(process.env.LOCK_TEST_REDIS_URL!);
  const manager = await replica({ url: proxy.url }, { ttl: '10s', service: 'counting' });
  await manager.withLock(freshKey(), () => undefined); // connected, scripts loaded

  proxy.resetCounts();
  const lease = await manager.acquire(freshKey());
  expect(proxy.counts).toMatchObject({ commands: 1, replies: 1 });
  await lease.release();
  expect(proxy.counts).toMatchObject({ commands: 2, replies: 2 });
  for (let cycle = 0; cycle < 100; cycle++) await manager.withLock(freshKey(), () => undefined);
  expect(proxy.counts).toMatchObject({ commands: 202, replies: 202, connections: 0 });

  await manager.close();
  await proxy.stop();
});

it('finds the only free slot among 1,000 in one round trip, and learns in one that there is none', async () => {
  const proxy = await TcpProxy.start(process.env.LOCK_TEST_REDIS_URL!);
  const others = await replica({ url: process.env.LOCK_TEST_REDIS_URL! }, { ttl: '60s' });
  const manager = await replica({ url: proxy.url }, { ttl: '10s' });
  const name = freshKey();
  const pool = (of: typeof manager) => of.pool(name, { slots: 1000 });
  const held = await pool(others).acquireUpTo(1000);
  expect(held).toHaveLength(1000);
  await manager.pool(freshKey(), { slots: 2 }).withSlot(() => undefined); // connected, scripts loaded

  proxy.resetCounts();
  expect(await pool(manager).tryAcquireAny()).toBeNull();
  expect(proxy.counts).toMatchObject({ commands: 1, replies: 1 });
  await held[617]!.release();
  const lease = await pool(manager).tryAcquireAny();
  expect(lease).toMatchObject({ slot: held[617]!.slot, isHeld: true });
  expect(proxy.counts).toMatchObject({ commands: 2, replies: 2 });
  await lease!.release();
  expect(proxy.counts).toMatchObject({ commands: 3, replies: 3, connections: 0 });

  await manager.close();
  await others.close();
  await proxy.stop();
});
