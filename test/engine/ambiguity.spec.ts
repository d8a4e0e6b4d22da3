import { describe, expect, it } from '@jest/globals';
import { track, useWorld } from './world.js';

describe('ambiguity: an unanswered command may have been applied', () => {
  const world = useWorld();

  it.each(['never', 'unanswered'] as const)(
    'lost reply to acquire (%s) is recovered as ours, with one token (failure 18)',
    async settle => {
      const { manager, link } = world.replica({ ttl: 1000 });
      link.script('acquire', { kind: 'lose-reply', settle });
      const lease = await world.until(manager.acquire('k'));
      expect(link.count('acquire')).toBe(2);
      expect(new Set(link.calls.map(({ owner }) => owner)).size).toBe(1);
      const record = await world.store.inspect('k');
      expect(record).toMatchObject({ owner: lease.owner, fencingToken: lease.fencingToken });
      await world.advance(3000);
      expect(lease.isHeld).toBe(true);
    },
  );

  it('lost reply to tryAcquire is recovered as ours within its two attempts', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    link.script('acquire', { kind: 'lose-reply', settle: 'unanswered' });
    const lease = await world.until(manager.tryAcquire('k'));
    expect(lease?.isHeld).toBe(true);
  });

  it('lost reply to renew keeps the lease (failures 10, 18)', async () => {
    const { manager, link, told } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    link.script('renew', { kind: 'lose-reply', settle: 'never' });
    await world.advance(3000);
    expect(lease.isHeld).toBe(true);
    expect(told('renewal-failed')).toHaveLength(1);
    expect(told('lost')).toHaveLength(0);
  });

  it('failure 10: failed renewals are tried again with pauses until one succeeds', async () => {
    const { manager, link, told } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    link.script(
      'renew',
      { kind: 'reject' },
      { kind: 'reject', retryable: false },
      { kind: 'lose-request', settle: 'unsent' },
    );
    await world.advance(2000);
    expect(lease.isHeld).toBe(true);
    expect(told('renewal-failed')).toHaveLength(3);
    expect(told('renewed').length).toBeGreaterThan(2);
  });

  it('lost reply to release releases, and is not asked for ever', async () => {
    const { manager, link } = world.replica({ ttl: 10_000 });
    const lease = await manager.acquire('k');
    link.script('release', { kind: 'lose-reply', settle: 'never' });
    const release = lease.release();
    expect(lease.isHeld).toBe(false);
    await world.settle();
    expect((await world.store.inspect('k'))?.isHeld ?? false).toBe(false);
    await world.until(release);
    await world.advance(20_000);
    expect(link.count('release')).toBe(2);
  });

  it('failure 4: a release that fails rejects nobody, is repeated, and frees the key before the TTL', async () => {
    const { manager, link, told } = world.replica({ ttl: 10_000 });
    const lease = await manager.acquire('k');
    link.script(
      'release',
      { kind: 'lose-request', settle: 'unsent' },
      { kind: 'reject' },
      { kind: 'reject', retryable: false },
    );
    await expect(lease.release()).resolves.toBeUndefined();
    expect(told('release-failed')).toHaveLength(1);
    await world.advance(2000);
    expect((await world.store.inspect('k'))?.isHeld ?? false).toBe(false);
    expect(told('release-failed')).toHaveLength(3);
  });

  it('a release is repeated until the old expiry and then given up', async () => {
    const { manager, link, clock } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    link.cut();
    await world.until(lease.release());
    await world.advance(1200);
    const count = link.count('release');
    expect(count).toBeGreaterThan(1);
    await world.advance(60_000);
    expect(link.count('release')).toBe(count);
    expect(clock.armedTimers).toBe(0);
  });

  it('failure 8: a renewal that lands after the release does nothing', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k');
    link.script('renew', { kind: 'delay', requestMs: 100, replyMs: 100 });
    await world.advance(350);
    expect(link.count('renew')).toBe(1);
    await lease.release();
    await world.advance(300);
    expect((await world.store.inspect('k'))?.isHeld ?? false).toBe(false);
    expect(link.count('renew')).toBe(1);
  });

  it('failure 20: no heartbeat resurrects a released lease, nor the next holder’s', async () => {
    const first = world.replica({ ttl: 1000 });
    const second = world.replica({ ttl: 1000 });
    const lease = await first.manager.acquire('k');
    first.link.script('renew', { kind: 'delay', requestMs: 100, replyMs: 0 });
    await world.advance(350);
    await lease.release();
    const next = await second.manager.acquire('k');
    await world.advance(5000);
    expect(next.isHeld).toBe(true);
    expect(lease.isHeld).toBe(false);
    expect(first.told('lost')).toEqual([]);
  });

  it('an acquire whose caller has gone is released when its reply comes late', async () => {
    const { manager, link } = world.replica({ ttl: 10_000 });
    link.script('acquire', { kind: 'delay', requestMs: 0, replyMs: 5000 });
    const gone = new AbortController();
    const attempt = track(manager.acquire('k', { signal: gone.signal }));
    await world.advance(100);
    gone.abort(new Error('gone'));
    await world.settle();
    expect(attempt.error?.message).toBe('gone');
    await world.advance(5000);
    expect((await world.store.inspect('k'))?.isHeld ?? false).toBe(false);
    expect(link.count('acquire')).toBe(1);
  });

  it('an abandoned acquire whose request lands after its release is freed when a contender here sees it', async () => {
    const { manager, link } = world.replica({ ttl: 10_000 });
    link.script('acquire', { kind: 'delay', requestMs: 6000, replyMs: 100_000 });
    await expect(world.until(manager.acquire('k', { wait: '1s' }))).rejects.toMatchObject({
      code: 'LOCK_STORE_UNAVAILABLE',
    });
    await world.advance(5500);
    expect((await world.store.inspect('k'))?.isHeld).toBe(true);
    const lease = await world.until(manager.tryAcquire('k'));
    expect(lease?.isHeld).toBe(true);
  });

  it('an abandoned acquire that is applied after its release was sent is released when its reply comes', async () => {
    const { manager, link } = world.replica({ ttl: 20_000 });
    link.script('acquire', { kind: 'delay', requestMs: 3000, replyMs: 500 });
    await expect(world.until(manager.acquire('k', { wait: 100 }))).rejects.toMatchObject({ sent: true });
    await world.advance(3000);
    expect((await world.store.inspect('k'))?.isHeld).toBe(true);
    await world.advance(500);
    expect((await world.store.inspect('k'))?.isHeld ?? false).toBe(false);
  });

  it('an acquire that is applied once more after its lease was released is released when its reply comes', async () => {
    const { manager, link } = world.replica({ ttl: 20_000 });
    link.script('acquire', { kind: 'delay', requestMs: 5000, replyMs: 500 });
    const lease = await world.until(manager.acquire('k'));
    await lease.release();
    await world.advance(3010);
    expect((await world.store.inspect('k'))?.owner).toBe(lease.owner);
    await world.advance(500);
    expect((await world.store.inspect('k'))?.isHeld ?? false).toBe(false);
  });

  it('one that is applied once more while its lease is held leaves that alone', async () => {
    const { manager, link } = world.replica({ ttl: 20_000 });
    link.script('acquire', { kind: 'delay', requestMs: 3000, replyMs: 500 });
    const lease = await world.until(manager.acquire('k'));
    await world.advance(60_000);
    expect(lease.isHeld).toBe(true);
    expect(link.count('release')).toBe(0);
  });

  it('one that is applied once more, without a reply, is freed when a contender here sees it', async () => {
    const { manager, link } = world.replica({ ttl: 20_000 });
    link.script('acquire', { kind: 'delay', requestMs: 5000, replyMs: 1e9 });
    await (await world.until(manager.acquire('k'))).release();
    await world.advance(3000);
    expect((await world.store.inspect('k'))?.isHeld).toBe(true);
    expect(await manager.tryAcquire('k')).not.toBeNull();
  });

  it('a grant too late to be used, and not asked for again, is released', async () => {
    const { manager, link } = world.replica({ ttl: 1000, commandTimeout: 990 });
    link.script('acquire', { kind: 'delay', requestMs: 900, replyMs: 80 });
    link.fail('acquire', { kind: 'lose-request', settle: 'unsent' });
    const gone = new AbortController();
    const wait = track(manager.acquire('k', { signal: gone.signal }));
    await world.advance(1000);
    gone.abort();
    await world.settle();
    expect(wait.state).toBe('rejected');
    expect((await world.store.inspect('k'))?.isHeld ?? false).toBe(false);
  });

  it('what an ambiguous acquire left behind outlives one TTL never', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    link.fail('acquire', { kind: 'lose-reply' }).fail('release', { kind: 'lose-request' });
    await expect(world.until(manager.acquire('k', { wait: '1s' }))).rejects.toMatchObject({ sent: true });
    await world.advance(1001);
    expect((await world.store.inspect('k'))?.isHeld ?? false).toBe(false);
  });

  it('silence is reported as unavailable and ambiguous, never as held by another', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    link.cut();
    const attempts = [manager.acquire('a'), manager.acquire('b', { wait: 0 }), manager.tryAcquire('c')].map(
      track,
    );
    await world.advance(2000);
    for (const { error } of attempts)
      expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
  });

  it('what was never sent needs no clean-up', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    link.fail('acquire', { kind: 'lose-request', settle: 'unsent' });
    await expect(world.until(manager.acquire('k', { wait: 500 }))).rejects.toMatchObject({ sent: false });
    expect(link.count('acquire')).toBeGreaterThan(2);
    expect(link.count('release')).toBe(0);
  });

  it('after an abort no new acquire is sent', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    await world.replica().manager.acquire('k');
    const gone = new AbortController();
    const attempt = track(manager.acquire('k', { signal: gone.signal, wait: '1h' }));
    await world.advance(3000);
    gone.abort();
    const count = link.count('acquire');
    await world.advance(60_000);
    expect(link.count('acquire')).toBe(count);
    expect(attempt.state).toBe('rejected');
  });

  it('a permanent refusal throws at once, a retryable one waits', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    link.script('acquire', { kind: 'reject', retryable: false });
    await expect(manager.acquire('k')).rejects.toMatchObject({ code: 'LOCK_STORE_REJECTED' });
    link.script('acquire', { kind: 'reject' }, { kind: 'reject' });
    const lease = await world.until(manager.acquire('k'));
    expect(lease.isHeld).toBe(true);
  });
});
