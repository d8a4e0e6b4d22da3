import { describe, expect, it } from '@jest/globals';
import { track, useWorld } from './world.js';

describe('renewal', () => {
  const world = useWorld();

  it('renews every ttl/3 after the last success, one in flight', async () => {
    const { manager, link } = world.replica({ ttl: 9000 });
    await manager.acquire('k');
    await world.advance(30_001);
    const times = link.calls.filter(({ method }) => method === 'renew').map(({ atMs }) => Math.round(atMs));
    expect(times).toEqual([3000, 6000, 9000, 12_000, 15_000, 18_000, 21_000, 24_000, 27_000, 30_000]);
  });

  it('has one renewal in flight per lease, however slow', async () => {
    const { manager, link } = world.replica({ ttl: 9000, commandTimeout: 8000 });
    const lease = await manager.acquire('k');
    link.script('renew', { kind: 'delay', requestMs: 4000, replyMs: 1000 });
    await world.advance(7900);
    expect(link.count('renew')).toBe(1);
    await world.advance(200);
    expect(lease.isHeld).toBe(true);
    // The success counts from its sending at 3 s, hence the next is overdue.
    expect(link.count('renew')).toBe(2);
  });

  it('failure 2: a slow renewal counts from its sending, not from its reply', async () => {
    const { manager, link } = world.replica({ ttl: 9000, commandTimeout: 8000 });
    const lease = await manager.acquire('k');
    link.fail('renew', { kind: 'delay', requestMs: 0, replyMs: 5000 });
    await world.advance(8000);
    expect(lease.remainingMs).toBeCloseTo(3000 + 9000 - 92 - 8000, 0);
  });

  it('a late success still counts, as of its sending', async () => {
    const { manager, link, told } = world.replica({ ttl: 9000 });
    const lease = await manager.acquire('k');
    link.script('renew', { kind: 'delay', requestMs: 0, replyMs: 4000 });
    link.fail('renew', { kind: 'lose-request' });
    await world.advance(9500);
    expect(lease.isHeld).toBe(true);
    await world.advance(2500);
    expect(lease.isHeld).toBe(false);
    expect(told('renewed')).toHaveLength(1);
  });

  it('a late older success neither shortens nor lengthens what a newer one gave', async () => {
    const { manager, link } = world.replica({ ttl: 9000 });
    const lease = await manager.acquire('k');
    link.script('renew', { kind: 'delay', requestMs: 0, replyMs: 4000 });
    await world.advance(6900);
    const remainingMs = lease.remainingMs;
    await world.advance(200);
    expect(lease.remainingMs).toBeCloseTo(remainingMs - 200, 0);
    expect(lease.isHeld).toBe(true);
  });

  it('gives up waiting for a reply before the lease is over, and tries again', async () => {
    const { manager, link, told } = world.replica({ ttl: 1000, commandTimeout: 999 });
    const lease = await manager.acquire('k');
    link.fail('renew', { kind: 'lose-request' });
    await world.advance(960);
    expect(lease.isHeld).toBe(false);
    expect(told('lost')).toMatchObject([{ cause: 'expired' }]);
  });

  it('renewEvery: false leaves renewal to lease.renew() (failure 16)', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    const lease = await manager.acquire('k', { renewEvery: false });
    await world.advance(900);
    expect(link.count('renew')).toBe(0);
    await lease.renew();
    expect(lease.remainingMs).toBeCloseTo(950, 0);
    await world.advance(951);
    expect(lease.isHeld).toBe(false);
  });

  it('renewEvery: false: nothing repeats a renew() that brought no answer', async () => {
    const { manager, link } = world.replica({ ttl: 10_000 });
    const lease = await manager.acquire('k', { renewEvery: false });
    link.script('renew', { kind: 'lose-request', settle: 'unsent' });
    await expect(lease.renew()).rejects.toMatchObject({ sent: false });
    await world.advance(5000);
    expect([link.count('renew'), lease.isHeld]).toEqual([1, true]);
  });

  it('renew({ ttl }) only lengthens; automatic renewals do not take it back', async () => {
    const { manager } = world.replica({ ttl: 3000 });
    const lease = await manager.acquire('k');
    await lease.renew({ ttl: '1m' });
    const afterMs = lease.remainingMs;
    expect(afterMs).toBeGreaterThan(59_000);
    await world.advance(5000);
    expect(lease.remainingMs).toBeGreaterThanOrEqual(afterMs - 5000);
    await lease.renew({ ttl: 100 });
    expect(lease.remainingMs).toBeGreaterThanOrEqual(afterMs - 5000);
    expect((await world.store.inspect('k'))!.remainingMs).toBeGreaterThanOrEqual(lease.remainingMs);
  });

  it('renew() rejects when no answer came, and the lease stays held', async () => {
    const { manager, link } = world.replica({ ttl: 9000 });
    const lease = await manager.acquire('k');
    link.script('renew', { kind: 'lose-request' });
    await expect(world.until(lease.renew())).rejects.toMatchObject({
      code: 'LOCK_STORE_UNAVAILABLE',
      sent: true,
    });
    expect(lease.isHeld).toBe(true);
    await expect(lease.renew({ ttl: 'x' as any })).rejects.toMatchObject({ code: 'LOCK_OPTIONS_INVALID' });
  });

  it('renew() after the end says how it ended; one under way at the end does too', async () => {
    const { manager, link } = world.replica({ ttl: 9000 });
    const released = await manager.acquire('a');
    link.script('renew', { kind: 'delay', requestMs: 100, replyMs: 0 });
    const underWay = track(released.renew());
    await world.settle();
    await released.release();
    await world.advance(200);
    expect(underWay.error).toMatchObject({ code: 'LOCK_RELEASED' });
    await expect(released.renew()).rejects.toMatchObject({ code: 'LOCK_RELEASED' });
    const lost = await manager.acquire('b');
    link.cut();
    const silent = track(lost.renew());
    await world.advance(9000);
    expect(silent.state).toBe('rejected');
    await expect(lost.renew()).rejects.toMatchObject({ code: 'LOCK_LOST' });
  });

  it('many renew() at once go out one after the other', async () => {
    const { manager, link } = world.replica({ ttl: 9000 });
    const lease = await manager.acquire('k');
    let inFlight = 0;
    let most = 0;
    const renew = link.renew.bind(link);
    link.renew = async (...args) => {
      most = Math.max(most, ++inFlight);
      await new Promise<void>(resolve => world.clock.startTimer(10, resolve));
      return renew(...args).finally(() => inFlight--);
    };
    await world.until(Promise.all([lease.renew(), lease.renew(), lease.renew()]));
    expect(most).toBe(1);
  });

  it('a throwing listener never stops renewal, and is told as listener-error', async () => {
    const { manager, told } = world.replica({ ttl: 1000 });
    for (const name of ['acquired', 'renewed', 'expiring', 'listener-error', 'renewal-failed'] as const) {
      manager.on(name, () => {
        throw new Error(`from ${name}`);
      });
    }
    const lease = await manager.acquire('k', { expiringAfter: 100 });
    lease.onExpiring(() => {
      throw new Error('from onExpiring');
    });
    await world.advance(5000);
    expect(lease.isHeld).toBe(true);
    expect(new Set(told('listener-error').map(({ event }) => event))).toEqual(
      new Set(['acquired', 'renewed', 'expiring']),
    );
  });

  it.each([
    ['refused', { kind: 'reject', retryable: false }],
    ['never sent', { kind: 'lose-request', settle: 'unsent' }],
  ] as const)(
    'a longer renewal that was %s leaves those that follow as long as the lease',
    async (_, fault) => {
      const { manager, link } = world.replica({ ttl: 9000 });
      const lease = await manager.acquire('k');
      link.script('renew', fault);
      await expect(world.until(lease.renew({ ttl: '1h' }))).rejects.toMatchObject({
        name: expect.any(String),
      });
      await world.advance(7000);
      expect(lease.remainingMs).toBeLessThan(9000);
      expect((await world.store.inspect('k'))!.remainingMs).toBeLessThanOrEqual(9000);
    },
  );

  it('that is asked for by a listener of another is waited for until its own answer', async () => {
    const { manager } = world.replica({ ttl: 9000 });
    const lease = await manager.acquire('k');
    let data: unknown;
    const off = manager.on('renewed', () => {
      off();
      void lease.renew({ data: 'x' }).then(() => (data = lease.data));
    });
    await world.advance(3001);
    expect(data).toBe('x');
  });
});
