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
