import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SyncManager } from '../../lib/engine/sync-manager.js';
import { sleep } from '../support/fixtures.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { freshKey, replica } from './replica.js';

const url = process.env.LOCK_TEST_REDIS_URL!;
const TTL_MS = 2000;

describe('a command that Redis applied and whose reply was lost', () => {
  let proxy: TcpProxy;
  let cut: SyncManager;
  let other: SyncManager;

  beforeEach(async () => {
    proxy = await TcpProxy.start(url);
    cut = await replica({ url: proxy.url }, { ttl: TTL_MS });
    other = await replica({ url }, { ttl: TTL_MS });
    await (await cut.acquire(freshKey())).release(); // connected, scripts loaded
  });
  afterEach(async () => {
    await Promise.all([cut.close({ timeoutMs: 500 }), other.close({ timeoutMs: 500 })]);
    await proxy.stop();
  });

  it('to acquire: the key is recognised as ours', async () => {
    const key = freshKey();
    proxy.dropReplies(1, 'evalsha');
    const startedAt = performance.now();
    const lease = await cut.acquire(key);
    expect(performance.now() - startedAt).toBeLessThan(TTL_MS);
    expect(lease.isHeld).toBe(true);
    expect(await other.tryAcquire(key)).toBeNull();
    await lease.release();
    expect(await other.tryAcquire(key)).not.toBeNull();
  });

  it('to renew: the lease is kept', async () => {
    const key = freshKey();
    const lease = await cut.acquire(key);
    let failures = 0;
    cut.on('renewal-failed', () => failures++);
    proxy.dropReplies(1, 'evalsha');
    await sleep(TTL_MS * 1.5);
    expect(failures).toBeGreaterThan(0);
    expect(lease.isHeld).toBe(true);
    expect(await other.tryAcquire(key)).toBeNull();
    await lease.release();
  });

  it('to release: the key is free', async () => {
    const key = freshKey();
    const lease = await cut.acquire(key);
    proxy.dropReplies(1, 'evalsha');
    await lease.release();
    const next = await other.acquire(key, { wait: 500 });
    expect(next.fencingToken).toBeGreaterThan(lease.fencingToken);
  });

  it('to an acquire that was given up meanwhile: what it left is released, not kept for a TTL', async () => {
    const key = freshKey();
    proxy.blackHole('to-client');
    const controller = new AbortController();
    const giveUp = cut.acquire(key, { signal: controller.signal });
    await sleep(50);
    controller.abort(new Error('enough'));
    await expect(giveUp).rejects.toThrow('enough');
    expect(await other.tryAcquire(key)).toBeNull();
    proxy.heal('deliver');
    const startedAt = performance.now();
    const lease = await other.acquire(key);
    expect(performance.now() - startedAt).toBeLessThan(TTL_MS / 2);
    await lease.release();
  });
});
