import { describe, expect, it } from '@jest/globals';
import type { AcquireRequest, CallOptions, LeaseStore, RenewRequest } from '../../lib/core/lease-store.js';
import { track, useWorld, leftovers, NOTHING } from './world.js';

describe('schedules that once broke an acquisition or a lease', () => {
  const world = useWorld();
  const isFree = async (key = 'k') => (await world.store.inspect(key))?.isHeld !== true;

  it('an acquire whose signal is aborted by an abort listener of the lease it queues behind leaves no orphan', async () => {
    const { manager, clock } = world.replica({ ttl: 1000 });
    const shutdown = new AbortController();
    const lease = await manager.acquire('k');
    lease.signal.addEventListener('abort', () => shutdown.abort(new Error('shutdown')));
    clock.block(2000);
    const again = track(manager.acquire('k', { signal: shutdown.signal }));
    await world.advance(60_000);
    expect(again.error?.message).toBe('shutdown');
    expect([await isFree(), leftovers(manager)]).toEqual([true, NOTHING]);
  });

  it('an acquire in whose midst a listener closes the manager leaves no orphan', async () => {
    const { manager, clock, link } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    lease.signal.addEventListener('abort', () => void manager.close());
    clock.block(2000);
    link.fail('acquire', { kind: 'delay', requestMs: 20, replyMs: 20 });
    const again = track(manager.acquire('k'));
    await world.advance(60_000);
    expect(again.error?.code).toBe('LOCK_MANAGER_CLOSED');
    expect([await isFree(), leftovers(manager)]).toEqual([true, NOTHING]);
  });

  it('lock() that finds the loss whose listener releases the lock settles', async () => {
    const { manager, clock } = world.replica({ ttl: 1000 });
    const lock = manager.lock('k');
    const lease = await lock.lock();
    lease.signal.addEventListener('abort', () => void lock.release());
    clock.block(2000);
    const again = track(lock.lock());
    await world.advance(60_000);
    expect(again.state).not.toBe('pending');
  });

  it('grant that comes late after a permanent refusal ended the acquire is released', async () => {
    const { manager, link } = world.replica({ ttl: 10_000 });
    link.script(
      'acquire',
      { kind: 'delay', requestMs: 4000, replyMs: 0 },
      { kind: 'reject', retryable: false },
    );
    await expect(world.until(manager.acquire('k'))).rejects.toMatchObject({ code: 'LOCK_STORE_REJECTED' });
    await world.advance(4500);
    expect(await isFree()).toBe(true);
  });

  it('stray acquire landing after release is released when its reply shows it', async () => {
    const { manager, link } = world.replica({ ttl: 10_000 });
    link.script('acquire', { kind: 'delay', requestMs: 4000, replyMs: 0 });
    const lease = await world.until(manager.acquire('k'));
    await world.advance(300);
    await lease.release();
    await world.advance(4500);
    expect(await isFree()).toBe(true);
  });

  it('tryAcquire right after an aborted acquire of its own manager is not told "held by another"', async () => {
    const { manager, link } = world.replica({ ttl: 10_000 });
    link.fail('acquire', { kind: 'delay', requestMs: 5, replyMs: 5 });
    link.fail('release', { kind: 'delay', requestMs: 5, replyMs: 5 });
    const gone = new AbortController();
    const first = track(manager.acquire('k', { signal: gone.signal }));
    await world.advance(2);
    gone.abort();
    const lease = await world.until(manager.tryAcquire('k'));
    expect(first.state).toBe('rejected');
    expect(lease?.isHeld).toBe(true);
  });

  it('tryAcquire is not told "held by another" while the reply to an aborted acquire of its own is lost', async () => {
    const { manager, link } = world.replica({ ttl: 10_000 });
    link.script('acquire', { kind: 'lose-reply' });
    const gone = new AbortController();
    track(manager.acquire('k', { signal: gone.signal }));
    await world.advance(2);
    gone.abort();
    const lease = await world.until(manager.tryAcquire('k'));
    expect(lease?.isHeld).toBe(true);
  });

  it('tryAcquire behind a release that hangs says unavailable or null, never LOCK_TIMEOUT', async () => {
    const { manager, link } = world.replica({ ttl: 10_000 });
    const lease = await manager.acquire('k');
    link.cut();
    void lease.release();
    await expect(world.until(manager.tryAcquire('k', { ttl: 1000 }))).rejects.toMatchObject({
      code: 'LOCK_STORE_UNAVAILABLE',
    });
  });

  it('a renewal that is confirmed as of an older, shorter attempt is not believed to be as long as the newer one', async () => {
    // A store as the port allows: the older attempt (10 s) was applied, the newer (1 h) was not, and the older sentAt comes back.
    let applied: number | undefined;
    const { manager } = world.replica({
      ttl: 10_000,
      renewEvery: false,
      wrap: inner =>
        Object.assign(Object.create(inner) as LeaseStore, {
          renewMany: undefined,
          renew: async (request: RenewRequest, call: CallOptions) => {
            if (applied === undefined) {
              applied = request.sentAt;
              await inner.renew(request, call);
              return new Promise(() => undefined);
            }
            return { kind: 'renewed', sentAt: applied };
          },
        }),
    });
    const lease = await manager.acquire('k');
    await world.advance(1000);
    await expect(world.until(lease.renew())).rejects.toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE' });
    await world.until(lease.renew({ ttl: '1h' }));
    await world.advance(12_000);
    expect([lease.isHeld, await isFree()]).toEqual([false, true]);
  });

  it.each([Infinity, 1.7e12])(
    'a grant stamped %p (later than the request was sent) never outlives its ttl',
    async sentAt => {
      const { manager } = world.replica({
        ttl: 1000,
        renewEvery: false,
        wrap: inner =>
          Object.assign(Object.create(inner) as LeaseStore, {
            acquire: async (request: AcquireRequest, call: CallOptions) => ({
              ...(await inner.acquire(request, call)),
              sentAt,
            }),
          }),
      });
      const lease = track(manager.acquire('k', { wait: 500 }));
      await world.advance(3000);
      expect(lease.value?.isHeld ?? false).toBe(false);
    },
  );

  it('joined withLock whose lease was lost meanwhile rejects with LockLostError', async () => {
    const { manager, clock } = world.replica({ ttl: 1000 });
    let inner: unknown;
    await manager.withLock('k', { onLost: 'ignore' }, async () => {
      inner = await manager
        .withLock('k', { ifNested: 'join' }, async () => clock.block(5000))
        .then(
          () => 'fine',
          (e: { code: string }) => e.code,
        );
    });
    expect(inner).toBe('LOCK_LOST');
  });

  it('holdAtLeast stands though the lease was lost before its release', async () => {
    const { manager, link } = world.replica({ ttl: 10_000 });
    const run = track(
      manager.withLock('k', { holdAtLeast: '30s' }, async lease => {
        link.fail('renew', { kind: 'lose-reply' });
        await new Promise<void>(r => lease.signal.addEventListener('abort', () => r()));
      }),
    );
    await world.advance(10_500);
    expect(run.error?.code).toBe('LOCK_LOST');
    expect(await isFree()).toBe(false); // another replica would run the same tick again
  });

  it('release() called by the abort listener of a release resolves with it', async () => {
    const { manager, link } = world.replica({ ttl: 10_000 });
    const lease = await manager.acquire('k');
    link.fail('release', { kind: 'delay', requestMs: 100, replyMs: 100 });
    let inner: ReturnType<typeof track> | undefined;
    lease.signal.addEventListener('abort', () => (inner = track(lease.release())));
    void lease.release();
    await world.advance(50);
    expect([inner?.state, await isFree()]).toEqual(['pending', false]);
  });

  it('after a suspend the signal of a hand-renewed lease aborts soon', async () => {
    const { manager, clock } = world.replica({ ttl: '1h', renewEvery: false });
    const lease = await manager.acquire('k');
    const { signal } = lease;
    clock.suspend(2 * 3600_000);
    await world.advance(5000);
    expect(signal.aborted).toBe(true);
  });

  it('an outage does not push the next attempt out to pollEvery', async () => {
    const { manager, link } = world.replica({ ttl: 1000, pollEvery: '1h' });
    link.fail('acquire', { kind: 'lose-request', settle: 'unsent' });
    const lease = track(manager.acquire('k', { wait: Infinity }));
    await world.advance(120_000);
    link.fail('acquire', null);
    await world.advance(5000);
    expect(lease.state).toBe('resolved');
  });

  it('an expiring listener that registers again does not loop', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    let n = 0;
    const l = () => {
      if (++n < 1000) lease.onExpiring(l);
    };
    lease.onExpiring(l);
    link.cut();
    await world.advance(900);
    expect(n).toBe(1);
  });
  it('a whenFreed that is async and rejects disturbs nobody', async () => {
    const { manager } = world.replica({
      ttl: 1000,
      wrap: s =>
        Object.assign(Object.create(s) as LeaseStore, {
          whenFreed: async () => {
            throw new Error('no');
          },
        }),
    });
    await world.replica({ ttl: 1000 }).manager.acquire('k');
    await expect(world.until(manager.acquire('k', { wait: 500 }))).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
    });
  });
});
