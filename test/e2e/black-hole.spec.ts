import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { lossMarginMs } from '../../lib/core/lease-timing.js';
import type { SyncManager } from '../../lib/engine/sync-manager.js';
import type { RedisStoreOptions } from '../../lib/stores/redis/index.js';
import { sleep } from '../support/fixtures.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { freshKey, loopDelayDuring, replica, unhandledRejectionsDuring } from './replica.js';

const url = process.env.LOCK_TEST_REDIS_URL!;
const TTL_MS = 1000;

/** Three popular libraries still say "held" ten seconds after another client holds the key. */
describe('a holder whose network is cut in both directions', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function world(holderRedis: (proxy: TcpProxy) => RedisStoreOptions): Promise<{
    proxy: TcpProxy;
    holder: SyncManager;
    healthy: SyncManager;
  }> {
    const proxy = await TcpProxy.start(url);
    cleanups.push(() => proxy.stop());
    const holder = await replica(holderRedis(proxy), { ttl: TTL_MS, service: 'holder' });
    cleanups.push(() => holder.close({ timeoutMs: 500 }));
    const healthy = await replica({ url }, { ttl: TTL_MS, service: 'healthy' });
    cleanups.push(() => healthy.close({ timeoutMs: 500 }));
    return { proxy, holder, healthy };
  }

  const clients: [string, (proxy: TcpProxy) => RedisStoreOptions][] = [
    ['our own client', proxy => ({ url: proxy.url })],
    [
      "the user's own default ioredis client",
      proxy => {
        const client = new Redis(proxy.url);
        client.on('error', () => undefined);
        cleanups.push(() => client.disconnect());
        return { client };
      },
    ],
  ];

  it.each(clients)(
    'knows before a healthy client is granted the key, and leads again after healing: %s',
    async (_, redis) => {
      const { proxy, holder, healthy } = await world(redis);
      const key = freshKey();
      const lock = holder.lock(key);
      const first = await lock.lock();
      let abortedAt = Infinity;
      first.signal.addEventListener('abort', () => (abortedAt = performance.now()));
      let lossesSeen = 0;
      holder.on('lost', () => lossesSeen++);

      let heldWhenGranted = true;
      let grantedAt = 0;
      let successor!: Awaited<ReturnType<SyncManager['acquire']>>;
      const rejections = await unhandledRejectionsDuring(async () => {
        const delay = await loopDelayDuring(async () => {
          await sleep(TTL_MS / 2); // so that a renewal has come through
          proxy.blackHole('both');
          successor = await healthy.acquire(key, { wait: '10s' });
          grantedAt = performance.now();
          heldWhenGranted = first.isHeld;
        });
        expect(heldWhenGranted).toBe(false);
        if (delay < lossMarginMs(TTL_MS, 0.01)) expect(abortedAt).toBeLessThan(grantedAt);
        expect(first.signal.aborted).toBe(true);
        expect(lossesSeen).toBe(1);

        await sleep(TTL_MS);
        expect(successor.isHeld).toBe(true);
        expect(lock.isHeld).toBe(false);
        proxy.heal('reset');
        await successor.release();
        const again = await lock.lock();
        expect(again.fencingToken).toBeGreaterThan(successor.fencingToken);
        expect(again.isHeld).toBe(true);
        await lock.release();
      });
      expect(rejections).toEqual([]);
    },
  );

  it('loses the lease by its own clock even when nobody else wants it', async () => {
    const { proxy, holder } = await world(proxied => ({ url: proxied.url }));
    const lease = await holder.acquire(freshKey());
    proxy.blackHole('to-client');
    await sleep(TTL_MS * 1.5);
    expect(lease.isHeld).toBe(false);
    expect(() => lease.assertHeld()).toThrow(expect.objectContaining({ code: 'LOCK_LOST' }));
  });

  it('keeps a lease through a cut that is shorter than its validity', async () => {
    const { proxy, holder } = await world(proxied => ({ url: proxied.url }));
    const lease = await holder.acquire(freshKey());
    proxy.blackHole('both');
    await sleep(TTL_MS * 0.4);
    proxy.heal('reset');
    await sleep(TTL_MS * 2);
    expect(lease.isHeld).toBe(true);
    await lease.release();
  });
});
