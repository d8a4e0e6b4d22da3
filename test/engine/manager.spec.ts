import { describe, expect, it } from '@jest/globals';
import type { LeaseStore } from '../../lib/core/lease-store.js';
import { SyncManager } from '../../lib/engine/sync-manager.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { track, useWorld } from './world.js';

describe('SyncManager', () => {
  const world = useWorld();

  it('refuses wrong options at once, all of them', () => {
    expect(() => new SyncManager({ store: {} as any, ttl: 1, driftRate: 9 })).toThrow(
      /store .*\n.*driftRate .*\n.*ttl /,
    );
  });

  it('works on the clocks of this process without more than a store', async () => {
    const manager = new SyncManager({ store: memoryStore() });
    const lease = await manager.acquire('k');
    expect(lease.isHeld).toBe(true);
    expect(lease.remainingMs).toBeGreaterThan(14_000);
    await manager.close();
    expect(lease.isHeld).toBe(false);
  });

  it.each(['acquire', 'tryAcquire', 'withLock', 'inspect', 'revoke', 'lock'] as const)(
    '%s refuses an empty key without a round trip',
    async method => {
      const { manager, link } = world.replica();
      const call = async (): Promise<unknown> => (manager as any)[method]('', { fencingToken: 1 }, () => 1);
      await expect(call()).rejects.toMatchObject({ code: 'LOCK_OPTIONS_INVALID' });
      expect(link.count()).toBe(0);
    },
  );

  it('inspect tells who holds, never acquires, and answers in time or throws', async () => {
    const { manager, link } = world.replica({ service: 'orders', url: 'http://me' });
    expect(await manager.inspect('k')).toBeNull();
    const lease = await manager.acquire('k');
    expect(await manager.inspect('k')).toMatchObject({
      isHeld: true,
      owner: lease.owner,
      fencingToken: lease.fencingToken,
      holder: { service: 'orders', url: 'http://me', pid: process.pid, since: '2026-01-01T00:00:00.000Z' },
    });
    link.cut();
    await expect(world.until(manager.inspect('k'))).rejects.toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE' });
  });

  it('list yields what is held or kept under a prefix', async () => {
    const { manager } = world.replica();
    for (const key of ['a:1', 'a:2', 'b:1']) await manager.acquire(key);
    const keys: string[] = [];
    for await (const { key } of manager.list('a:')) keys.push(key);
    expect(keys.sort()).toEqual(['a:1', 'a:2']);
  });

  it('list does not hang with a store that does, and lets its cursor go when the reader leaves', async () => {
    const { manager, link } = world.replica();
    await manager.acquire('a');
    link.cut();
    await expect(world.until(manager.list().next())).rejects.toMatchObject({
      code: 'LOCK_STORE_UNAVAILABLE',
    });
    let isOpen = true;
    const wrap = (store: LeaseStore): LeaseStore =>
      Object.assign(Object.create(store), {
        async *list() {
          try {
            for (let i = 0; ; i++) yield { key: `${i}`, isHeld: true };
          } finally {
            isOpen = false;
          }
        },
      });
    for await (const { key } of world.replica({ wrap }).manager.list()) if (key === '3') break;
    await world.settle();
    expect(isOpen).toBe(false);
  });

  it('revoke ends a grant so that its holder stops before the key is free; force frees at once', async () => {
    const [first, second] = [world.replica({ ttl: 3000 }), world.replica()];
    const lease = await first.manager.acquire('k');
    expect(await second.manager.revoke('other')).toBe(false);
    expect(await second.manager.revoke('k', { fencingToken: lease.fencingToken - 1 })).toBe(false);
    expect(await second.manager.revoke('k')).toBe(true);
    await world.everyMs(3001, () => {
      const next = track(second.manager.tryAcquire('k'));
      expect(next.state === 'resolved' && next.value != null && lease.isHeld).toBe(false);
    });
    expect(lease.isHeld).toBe(false);
    const forced = await second.manager.acquire('j');
    await first.manager.revoke('j', { force: true });
    const next = await first.manager.acquire('j');
    expect(next.fencingToken).toBeGreaterThan(forced.fencingToken);
  });

  it('fencing tokens grow with each acquisition: release, expiry, revoke, other replica', async () => {
    const replicas = [world.replica({ ttl: 1000 }), world.replica({ ttl: 1000 })];
    let last = 0;
    for (let i = 0; i < 20; i++) {
      const { manager, link } = replicas[i % 2]!;
      const lease = await world.until(manager.acquire('k', { wait: '1m' }));
      expect(lease.fencingToken).toBeGreaterThan(last);
      last = lease.fencingToken;
      if (i % 3 === 0) await lease.release();
      if (i % 3 === 1) await manager.revoke('k', { force: true });
      if (i % 3 === 2) link.cut();
      await world.advance(1100);
      link.heal();
      if (i % 5 === 0) world.clock.jumpWall(-3_600_000);
    }
  });

  it('owners are never used twice', async () => {
    const { manager, told } = world.replica();
    for (let i = 0; i < 100; i++) await (await manager.acquire('k')).release();
    expect(new Set(told('acquired').map(({ owner }) => owner)).size).toBe(100);
  });

  it('every acquisition ends with exactly one released or lost', async () => {
    const { manager, link, told } = world.replica({ ttl: 1000 });
    for (let i = 0; i < 30; i++) {
      const lease = await world.until(manager.acquire('k', { wait: '1m' }));
      if (i % 3 === 0) link.cut();
      if (i % 3 === 1) void lease.release();
      if (i % 3 === 2) await manager.revoke('k');
      await world.advance(1500);
      link.heal();
      void lease.release();
      await world.advance(2000);
    }
    const ends = [...told('released'), ...told('lost')].map(({ owner }) => owner);
    expect(ends.sort()).toEqual(
      told('acquired')
        .map(({ owner }) => owner)
        .sort(),
    );
  });

  it('events are unsubscribed by what on() returned', async () => {
    const { manager } = world.replica();
    let heard = 0;
    manager.on('acquired', () => heard++)();
    await manager.acquire('k');
    expect(heard).toBe(0);
  });

  it('isClosing, store and clock are what they say', async () => {
    const { manager, clock, link } = world.replica();
    expect([manager.isClosing, manager.store === link, manager.clock === clock]).toEqual([false, true, true]);
    const closing = manager.close();
    expect(manager.isClosing).toBe(true);
    await closing;
  });

  it('leadership is an error where it is off', () => {
    expect(() => world.replica().manager.leadership).toThrow(/LOCK_OPTIONS_INVALID: leadership \(off\)/);
  });
});

describe('stores that break the port', () => {
  const world = useWorld();
  const broken = (overrides: object) =>
    world.replica({ ttl: 1000, wrap: store => Object.assign(Object.create(store), overrides) });

  it.each<[string, () => any]>([
    [
      'throws',
      () => {
        throw new TypeError('defect');
      },
    ],
    ['rejects with a foreign error', () => Promise.reject(new TypeError('defect'))],
    ['rejects with undefined', () => Promise.reject(undefined)],
    ['resolves with undefined', () => Promise.resolve(undefined)],
    ['resolves with an unknown kind', () => Promise.resolve({ kind: 'maybe' })],
    ['never settles', () => new Promise(() => undefined)],
  ])('an acquire that %s is an unavailable store, and nothing else', async (_, acquire) => {
    const { manager } = broken({ acquire });
    for (const wait of [300, 0]) {
      await expect(world.until(manager.acquire('k', { wait }))).rejects.toMatchObject({
        code: 'LOCK_STORE_UNAVAILABLE',
      });
    }
  });

  it.each<[string, () => any]>([
    [
      'throws',
      () => {
        throw new TypeError('defect');
      },
    ],
    ['resolves with undefined', () => Promise.resolve(undefined)],
    ['never settles', () => new Promise(() => undefined)],
  ])('a release that %s rejects nobody and ends', async (_, release) => {
    const { manager, clock } = broken({ release });
    const lease = await manager.acquire('k');
    await expect(world.until(lease.release())).resolves.toBeUndefined();
    await world.advance(5000);
    expect(clock.armedTimers).toBe(0);
  });

  it('a whenFreed that throws leaves polling', async () => {
    const held = await world.replica().manager.acquire('k');
    const { manager } = broken({
      whenFreed: () => {
        throw new Error('defect');
      },
    });
    const wait = track(manager.acquire('k', { wait: '1h' }));
    await world.advance(2000);
    await held.release();
    await world.advance(1001);
    expect(wait.state).toBe('resolved');
  });

  it('a freeInMs that is no time is ignored', async () => {
    for (const freeInMs of [-5000, NaN, Infinity]) {
      let isFree = false;
      const { manager } = broken({
        acquire: async ({ sentAt }: any) =>
          isFree ? { kind: 'granted', fencingToken: 1, sentAt } : { kind: 'held', freeInMs },
        renew: async ({ sentAt }: any) => ({ kind: 'renewed', sentAt }),
      });
      const wait = track(manager.acquire('k', { wait: '1h' }));
      await world.advance(3000);
      isFree = true;
      await world.advance(1001);
      expect([freeInMs, wait.state]).toEqual([freeInMs, 'resolved']);
    }
  });
});
