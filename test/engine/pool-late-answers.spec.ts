import { describe, expect, it } from '@jest/globals';
import { CorruptLeaseError, StoreRejectedError } from '../../lib/core/errors.js';
import type { AcquireOutcome, AcquireRequest, CallOptions, LeaseStore } from '../../lib/core/lease-store.js';
import { track, useWorld } from './world.js';

const LOST_REPLY = { kind: 'lose-reply', settle: 'unanswered' } as const;

function over(store: LeaseStore, own: Partial<Record<keyof LeaseStore, unknown>>): LeaseStore {
  const members = Object.entries(own).map(([name, value]) => [name, { value }]);
  return Object.create(store, Object.fromEntries(members) as PropertyDescriptorMap) as LeaseStore;
}

describe('a slot whose grant, or release, was in doubt', () => {
  const world = useWorld();

  it.each([
    ['pool', 'pool'],
    ['key', 'key'],
  ])('is not given away when an old reply tells of another grant, asked for by %s', async (_, by) => {
    let calls = 0;
    let reply!: () => void;
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, {
        acquire: async (request: AcquireRequest, call: CallOptions): Promise<AcquireOutcome> => {
          const outcome = await store.acquire(request, call);
          if (++calls === 1) await new Promise<void>(resolve => (reply = resolve));
          return outcome;
        },
      });
    await world.until(world.replica().manager.acquire('pool/w/1'));
    const { manager } = world.replica({ wrap, commandTimeout: 1000 });
    const pool = manager.pool('w', { slots: 2 });
    const first = track(pool.acquireAny({ wait: Infinity }));
    await world.advance(500);
    // An operator frees what seems to be left over.
    const { fencingToken } = (await world.store.inspect('pool/w/0'))!;
    await world.store.revoke({ key: 'pool/w/0', fencingToken: fencingToken!, force: true });
    await world.advance(3000);
    const lease = first.value!;
    expect(lease.isHeld).toBe(true);
    expect(lease.fencingToken).toBeGreaterThan(fencingToken!);
    reply();
    await world.advance(100);
    const second =
      by === 'pool'
        ? await world.until(pool.tryAcquireAny())
        : await world.until(manager.tryAcquire('pool/w/0'));
    expect({
      firstIsHeld: lease.isHeld,
      firstKey: lease.key,
      secondKey: second?.key ?? null,
      secondIsHeld: second?.isHeld ?? null,
    }).toEqual({ firstIsHeld: true, firstKey: 'pool/w/0', secondKey: null, secondIsHeld: null });
  });

  it('is not given away when a reply comes after its TTL, and after another grant of the same owner', async () => {
    let calls = 0;
    let reply!: () => void;
    let isDown = false;
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, {
        acquire: async (request: AcquireRequest, call: CallOptions): Promise<AcquireOutcome> => {
          if (isDown) return new Promise(() => undefined);
          const outcome = await store.acquire(request, call);
          if (++calls === 1) await new Promise<void>(resolve => (reply = resolve));
          return outcome;
        },
      });
    const { manager } = world.replica({ wrap, commandTimeout: 1000, ttl: 3000 });
    const first = track(manager.pool('shards', { ids: ['a'] }).acquireAny({ wait: Infinity }));
    await world.advance(100);
    isDown = true;
    await world.advance(4000);
    isDown = false;
    await world.advance(2500);
    const lease = first.value!;
    expect(lease.isHeld).toBe(true);
    reply();
    await world.advance(10);
    const second = await world.until(manager.tryAcquire('a'));
    expect([lease.isHeld, second?.isHeld]).toEqual([true, undefined]);
  });

  it('is released for who waits, when it is applied late', async () => {
    const other = world.replica();
    const blocker = await world.until(other.manager.acquire('pool/w/0'));
    let owner!: string;
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, {
        acquire: (request: AcquireRequest, call: CallOptions): Promise<AcquireOutcome> => {
          owner ??= request.owner;
          if (request.owner === owner) return new Promise(() => undefined);
          return store.acquire(request, call);
        },
      });
    const { manager } = world.replica({ wrap, commandTimeout: 200, ttl: 10_000, pollEvery: 500 });
    const pool = manager.pool('w', { slots: 1 });
    const left = new AbortController();
    const first = track(pool.acquireAny({ wait: Infinity, signal: left.signal }));
    await world.advance(1);
    left.abort(new Error('enough'));
    await world.advance(300);
    expect(first.state).toBe('rejected');
    const waiting = track(pool.acquireAny({ wait: Infinity }));
    await world.advance(500);
    // The attempt is applied only now: right after the blocker has gone.
    const released = blocker.release();
    await world.store.release({ key: blocker.key, owner: blocker.owner });
    await world.store.acquire({ key: 'pool/w', slots: 1, owner, ttlMs: 10_000, sentAt: 0 });
    await world.until(released);
    await world.advance(5000);
    const control = await world.until(
      manager
        .pool('w', { slots: 1 })
        .tryAcquireAny()
        .catch(e => e.code),
    );
    expect({ longWaiter: waiting.state, control }).toEqual({ longWaiter: 'resolved', control: null });
  });

  it('does not keep others waiting for an answer, however many were given up', async () => {
    const other = world.replica();
    await world.until(other.manager.acquire('pool/w/0'));
    const wrap = (store: LeaseStore, clock: any): LeaseStore => {
      const slow =
        <F extends (...args: any[]) => Promise<any>>(f: F) =>
        async (...args: any[]) => {
          await new Promise<void>(resolve => void clock.startTimer(50, resolve));
          return f(...args);
        };
      return over(store, {
        acquire: slow(store.acquire.bind(store)),
        release: slow(store.release.bind(store)),
      });
    };
    const { manager } = world.replica({ wrap, commandTimeout: 1000 });
    const pool = manager.pool('w', { slots: 1 });
    for (let n = 0; n < 60; n++) {
      const left = new AbortController();
      const waiting = track(pool.acquireAny({ wait: Infinity, signal: left.signal }));
      await world.advance(1);
      left.abort(new Error('enough'));
      await world.advance(70);
      expect(waiting.state).toBe('rejected');
    }
    await world.advance(1000);
    const answer = track(pool.tryAcquireAny());
    await world.advance(9000);
    expect({ state: answer.state, value: answer.value, code: answer.error?.code }).toEqual({
      state: 'resolved',
      value: null,
      code: undefined,
    });
  });

  it.each([
    ['in doubt', true],
    ['not in doubt', false],
  ])(
    'keeps key and data as its release says where it was %s and that was not answered',
    async (_, isInDoubt) => {
      let isLost = true;
      const release =
        (store: LeaseStore): LeaseStore['release'] =>
        async (...args) => {
          if (!isLost) return store.release(...args);
          isLost = false;
          return new Promise(() => undefined);
        };
      const wrap = (store: LeaseStore): LeaseStore => over(store, { release: release(store) });
      const { manager, link } = world.replica({ wrap, commandTimeout: 200 });
      if (isInDoubt) link.script('acquire', LOST_REPLY);
      const begin = world.clock.monotonicMs();
      const lease = await world.until(manager.acquire('k', { holdAtLeast: 5000 }));
      await world.until(lease.release({ data: 'checkpoint-7' }));
      const next = await world.until(manager.acquire('k', { wait: 20_000 }));
      expect(world.clock.monotonicMs() - begin).toBeGreaterThanOrEqual(4900);
      expect(next.data).toBe('checkpoint-7');
    },
  );

  it('that is being released is not said to be lost when it is granted anew', async () => {
    let hold: (() => void) | undefined;
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, {
        release: async (...args: Parameters<LeaseStore['release']>) => {
          const outcome = await store.release(...args);
          if (hold === undefined) await new Promise<void>(resolve => (hold = resolve));
          return outcome;
        },
      });
    await world.until(world.replica().manager.acquire('pool/w/1'));
    const { manager } = world.replica({ wrap });
    const pool = manager.pool('w', { slots: 3 });
    await world.until(world.replica().manager.acquire('pool/w/2'));
    const a = await world.until(pool.acquireAny());
    const releasing = a.release();
    await world.advance(1);
    const b = await world.until(pool.acquireAny());
    expect(b.key).toBe(a.key);
    expect(() => a.assertHeld()).toThrow(/LOCK_RELEASED/);
    hold?.();
    await world.until(releasing);
  });

  it('that was lost and taken anew counts once', async () => {
    const { manager } = world.replica();
    const pool = manager.pool('w', { slots: 2 });
    const results: unknown[] = [];
    for (let n = 0; n < 8; n++) {
      const a = (await world.until(pool.tryAcquireAny()))!;
      await world.store.revoke({ key: a.key, fencingToken: a.fencingToken, force: true });
      const two = [track(pool.tryAcquireAny()), track(pool.tryAcquireAny())];
      await world.advance(100);
      if (two[0]!.value?.key === a.key)
        results.push(two.map(t => (t.value === null ? 'HELD' : t.state)).join());
      for (const t of two) await t.value?.release();
      await a.release();
      await world.advance(100);
    }
    expect(results).toEqual(results.map(() => 'resolved,resolved'));
  });
});

describe('a wait that ends as its subscription does', () => {
  const world = useWorld();

  it('does not give to the next in line what was granted as the wait ended', async () => {
    const onEnd: (() => void)[] = [];
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, {
        findsSlots: false,
        whenFreed: (_: string, __: () => void, signal: AbortSignal) =>
          signal.addEventListener('abort', () => onEnd.forEach(end => end())),
      });
    const blocker = await world.until(world.replica().manager.acquire('a'));
    const { manager } = world.replica({ wrap });
    const left = new AbortController();
    const pool = manager.pool('x', { ids: ['a'] });
    const first = track(pool.acquireAny({ wait: Infinity, signal: left.signal }));
    const second = track(pool.acquireAny({ wait: Infinity }));
    await world.advance(500);
    onEnd.push(() => left.abort(new Error('enough')));
    await blocker.release();
    await world.advance(3000);
    const record = await world.store.inspect('a');
    expect({
      first: first.state,
      second: second.state,
      isHeld: second.value?.isHeld,
      storeOwner: record?.owner,
    }).toEqual({
      first: 'rejected',
      second: 'resolved',
      isHeld: true,
      storeOwner: second.value?.owner,
    });
  });

  it('does not fail the next in line for an error that came as the wait ended', async () => {
    const onEnd: (() => void)[] = [];
    let fails = false;
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, {
        whenFreed: (_: string, __: () => void, signal: AbortSignal) =>
          signal.addEventListener('abort', () => onEnd.forEach(end => end())),
        acquire: async (request: AcquireRequest, call: CallOptions) => {
          if (fails) {
            fails = false;
            throw new CorruptLeaseError(request.key, 'damaged');
          }
          return store.acquire(request, call);
        },
      });
    const blocker = await world.until(world.replica().manager.acquire('a'));
    const { manager } = world.replica({ wrap });
    const left = new AbortController();
    const first = track(manager.acquire('a', { wait: Infinity, signal: left.signal }));
    const second = track(manager.acquire('a', { wait: Infinity }));
    await world.advance(500);
    onEnd.push(() => left.abort(new Error('enough')));
    fails = true;
    await world.advance(3000);
    await blocker.release();
    await world.advance(3000);
    expect([first.state, second.state, second.error?.code]).toEqual(['rejected', 'resolved', undefined]);
  });
});

describe('a pool that is looked at one by one', () => {
  const world = useWorld();

  it('waits for the dead of one slot whatever is said of another', async () => {
    let t0: number | undefined;
    const wrap = (store: LeaseStore, clock: any): LeaseStore =>
      over(store, {
        findsSlots: false,
        expiry: 'observed',
        whenFreed: undefined,
        acquire: async (request: AcquireRequest, call: CallOptions): Promise<AcquireOutcome> => {
          t0 ??= clock.monotonicMs();
          const sinceMs = clock.monotonicMs() - t0!;
          if (request.key === 'a') return { kind: 'held', owner: 'x', freeInMs: 0 };
          if (request.key === 'b' && sinceMs < 8000)
            return { kind: 'held', owner: 'dead', freeInMs: 8000 - sinceMs, mayBeDead: true };
          return store.acquire(request, call);
        },
      });
    const { manager } = world.replica({ wrap, commandTimeout: 1000 });
    const tried = track(manager.pool('x', { ids: ['a', 'b'] }).tryAcquireAny());
    await world.advance(15_000);
    expect({ state: tried.state, key: tried.value?.key, calls: 0 }).toEqual({
      state: 'resolved',
      key: 'b',
      calls: 0,
    });
  });

  it('is looked at to its end though most of its keys are gone', async () => {
    const ids = Array.from({ length: 100 }, (_, n) => `shard-${n}`);
    const wrap = (store: LeaseStore, clock: any): LeaseStore =>
      over(store, {
        list: async function* () {
          for (const key of ids) yield { key, isHeld: false };
        },
        acquire: async (request: AcquireRequest, call: CallOptions) => {
          await new Promise<void>(resolve => void clock.startTimer(50, resolve));
          return store.acquire({ ...request, mustExist: request.key !== 'shard-99' }, call);
        },
      });
    const { manager } = world.replica({ wrap, commandTimeout: 1000 });
    const tried = track(manager.pool('x', { discover: 'shard-' }).tryAcquireAny());
    await world.advance(15_000);
    expect({ state: tried.state, key: tried.value?.key, code: tried.error?.code }).toEqual({
      state: 'resolved',
      key: 'shard-99',
      code: undefined,
    });
  });

  it('goes on with those that are known when the list is damaged', async () => {
    let isDamaged = false;
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, {
        list: async function* () {
          yield { key: 'shard-1', isHeld: false };
          if (isDamaged) throw new CorruptLeaseError('shard-2', 'damaged');
        },
        acquire: (request: AcquireRequest, call: CallOptions) =>
          store.acquire({ ...request, mustExist: false }, call),
      });
    const { manager } = world.replica({ wrap });
    const pool = manager.pool('rows', { discover: 'shard-', refreshEvery: 1000 });
    const first = await world.until(pool.tryAcquireAny());
    await first!.release();
    isDamaged = true;
    await world.advance(5000);
    const again = track(pool.tryAcquireAny());
    await world.advance(5000);
    expect(again).toMatchObject({ state: 'resolved', value: { slot: 'shard-1' } });
  });
});

describe('a balance', () => {
  const world = useWorld();

  it('tells that it may not acquire slots', async () => {
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, {
        acquire: async (request: AcquireRequest, call: CallOptions) => {
          if (!/members/.test(request.key)) throw new StoreRejectedError('NOPERM', { retryable: false });
          return store.acquire(request, call);
        },
      });
    const { manager, events } = world.replica({ wrap, ttl: 3000 });
    manager.pool('shards', { slots: 1 }).balance({});
    await world.advance(10_000);
    expect(events.filter(e => e.name === 'acquire-delayed').length).toBeGreaterThan(0);
  });

  it('tells that it may not take part', async () => {
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, {
        acquire: async () => {
          throw new StoreRejectedError('NOPERM', { retryable: false });
        },
      });
    const { manager, events } = world.replica({ wrap, ttl: 3000 });
    manager.pool('shards', { slots: 1 }).balance({});
    await world.advance(10_000);
    expect(events.filter(e => e.name === 'acquire-delayed').length).toBeGreaterThan(0);
  });

  it('takes known slots back while the list is damaged', async () => {
    let isDamaged = false;
    const wrap = (store: LeaseStore): LeaseStore =>
      over(store, {
        list: async function* () {
          yield { key: 'shard-1', isHeld: false };
          yield { key: 'shard-2', isHeld: false };
          if (isDamaged) throw new CorruptLeaseError('shard-3', 'damaged');
        },
        acquire: (request: AcquireRequest, call: CallOptions) =>
          store.acquire({ ...request, mustExist: false }, call),
      });
    const { manager } = world.replica({ wrap, ttl: 3000 });
    const balance = manager.pool('rows', { discover: 'shard-', refreshEvery: 1000 }).balance({});
    await world.advance(3000);
    expect(balance.leases).toHaveLength(2);
    isDamaged = true;
    await world.advance(2000);
    const { key, fencingToken } = balance.leases[0]!;
    await world.store.revoke({ key, fencingToken, force: true });
    await world.advance(20_000);
    expect(balance.leases).toHaveLength(2);
  });

  it('takes a hook that rejects without a reason for one that has failed', async () => {
    const { manager, told } = world.replica({ ttl: 3000 });
    const balance = manager.pool('shards', { slots: 1 }).balance({
      onSlotAcquired: () => Promise.reject(undefined),
    });
    await world.advance(1500);
    expect(told('listener-error')).toHaveLength(1);
    expect(balance.leases).toHaveLength(0);
  });
});
