import { describe, expect, it } from '@jest/globals';
import type { Lease } from '../../lib/core/lease.js';
import { leftovers, microtasks, NOTHING, track, useWorld, type Replica } from './world.js';

async function isFree(world: ReturnType<typeof useWorld>, key = 'k'): Promise<boolean> {
  return (await world.store.inspect(key))?.isHeld !== true;
}

describe('cancellation of a wait (failure 5)', () => {
  const world = useWorld();

  it('rejects with the signal’s reason, at once, and leaves no listener, timer or place in the queue', async () => {
    await world.replica().manager.acquire('k');
    const { manager, clock } = world.replica();
    const gone = new AbortController();
    const attempt = track(manager.acquire('k', { signal: gone.signal, wait: '1h' }));
    await world.advance(5000);
    gone.abort(new Error('user left'));
    await world.settle();
    expect(attempt.error?.message).toBe('user left');
    expect(leftovers(manager)).toEqual(NOTHING);
    expect(clock.armedTimers).toBe(0);
  });

  it('an aborted signal sends nothing', async () => {
    const { manager, link } = world.replica();
    const signal = AbortSignal.abort(new Error('never'));
    await expect(manager.acquire('k', { signal })).rejects.toThrow('never');
    await expect(manager.tryAcquire('k', { signal })).rejects.toThrow('never');
    await expect(manager.withLock('k', { signal }, () => 1)).rejects.toThrow('never');
    expect(link.count()).toBe(0);
  });

  it('removes its abort listener once granted: a later abort does not end the lease', async () => {
    const { manager } = world.replica();
    const gone = new AbortController();
    let listeners = 0;
    const add = gone.signal.addEventListener.bind(gone.signal);
    const remove = gone.signal.removeEventListener.bind(gone.signal);
    gone.signal.addEventListener = (...args: any[]) => (listeners++, (add as any)(...args));
    gone.signal.removeEventListener = (...args: any[]) => (listeners--, (remove as any)(...args));
    const lease = await manager.acquire('k', { signal: gone.signal });
    expect(listeners).toBe(0);
    gone.abort();
    expect(lease.isHeld).toBe(true);
  });

  it('an abort at any point of the way leads to a held lease in the caller’s hands, or to none at all', async () => {
    for (let step = 0; step < 40; step++) {
      const { manager } = world.replica();
      const gone = new AbortController();
      const attempt = track(manager.acquire('k', { signal: gone.signal }));
      if (step > 0) await microtasks(step - 1);
      gone.abort(new Error('gone'));
      await world.advance(50);
      if (attempt.state === 'resolved') await attempt.value!.release();
      expect({ step, free: await isFree(world) }).toEqual({ step, free: true });
      expect({ step, ...leftovers(manager) }).toEqual({ step, ...NOTHING });
    }
  });

  it('an abort of the first at any point hands the key to the second, once', async () => {
    for (let step = 0; step < 40; step++) {
      const { manager, told } = world.replica();
      const gone = new AbortController();
      const first = track(manager.acquire('k', { signal: gone.signal }));
      const second = track(manager.acquire('k'));
      if (step > 0) await microtasks(step - 1);
      gone.abort(new Error('gone'));
      await world.advance(50);
      if (first.state === 'resolved') await first.value!.release();
      await world.advance(50);
      expect({ step, second: second.state }).toEqual({ step, second: 'resolved' });
      expect({ step, leases: leftovers(manager).leases }).toEqual({ step, leases: 1 });
      await second.value!.release();
      expect({ step, free: await isFree(world) }).toEqual({ step, free: true });
      expect(told('acquired').length).toBe(told('released').length);
    }
  });

  it('a first that fails for good, at any point of the second’s abort, leaves the third with one lease', async () => {
    for (let step = 3; step < 30; step++) {
      const { manager, link } = world.replica();
      link.script('acquire', { kind: 'reject', retryable: false });
      const gone = new AbortController();
      const first = track(manager.acquire('k', { signal: gone.signal }));
      const second = track(manager.acquire('k'));
      if (step > 0) await microtasks(step - 1);
      gone.abort(new Error('gone'));
      await world.advance(50);
      expect(first.state).toBe('rejected');
      expect({ step, second: second.state }).toEqual({ step, second: 'resolved' });
      expect({ step, leases: leftovers(manager).leases }).toEqual({ step, leases: 1 });
      await second.value!.release();
      expect({ step, free: await isFree(world) }).toEqual({ step, free: true });
    }
  });

  it('an abort from an ‘acquired’ listener leaves no lease that nobody owns', async () => {
    const { manager } = world.replica();
    const gone = new AbortController();
    manager.on('acquired', () => gone.abort(new Error('gone')));
    const attempt = track(manager.acquire('k', { signal: gone.signal }));
    await world.advance(50);
    if (attempt.state === 'resolved') await attempt.value!.release();
    expect(leftovers(manager)).toEqual(NOTHING);
    expect(await isFree(world)).toBe(true);
  });

  it('an abort while an abandoned owner is being released sends no new acquire', async () => {
    const { manager, link } = world.replica();
    // An acquire that lands long after its caller has gone.
    link.script('acquire', { kind: 'delay', requestMs: 3000, replyMs: 1e9 });
    const first = track(manager.acquire('k', { wait: 100 }));
    await world.advance(3500);
    expect(first.state).toBe('rejected');
    link.fail('release', { kind: 'delay', requestMs: 100, replyMs: 100 });
    const gone = new AbortController();
    const second = track(manager.acquire('k', { signal: gone.signal }));
    await world.advance(150);
    const count = link.count('acquire');
    gone.abort();
    await world.advance(5000);
    expect(second.state).toBe('rejected');
    expect(link.count('acquire')).toBe(count);
    expect(manager && (await isFree(world))).toBe(true);
  });

  it('1,000 waiters that share one signal leave at its abort without a single new acquire', async () => {
    await world.replica().manager.acquire('k');
    const { manager, link } = world.replica();
    const gone = new AbortController();
    const waits = Array.from({ length: 1000 }, () =>
      track(manager.acquire('k', { signal: gone.signal, wait: '1h' })),
    );
    await world.advance(100);
    const count = link.count('acquire');
    gone.abort();
    await world.advance(1000);
    expect(waits.every(({ state }) => state === 'rejected')).toBe(true);
    expect(link.count('acquire')).toBe(count);
  });

  it('those behind an aborted waiter keep their order', async () => {
    const held = await world.replica().manager.acquire('k');
    const { manager } = world.replica();
    const order: number[] = [];
    const leave = [new AbortController(), new AbortController()];
    const signals = [leave[0]!.signal, undefined, leave[1]!.signal, undefined, undefined];
    signals.forEach((signal, i) => {
      void manager.acquire('k', { signal, wait: '1h' }).then(
        async (lease: Lease) => {
          order.push(i);
          await lease.release();
        },
        () => undefined,
      );
    });
    await world.advance(100);
    for (const each of leave) each.abort();
    await world.advance(100);
    await held.release();
    await world.advance(2000);
    expect(order).toEqual([1, 3, 4]);
  });
});

describe('probes: tryAcquire, and wait: 0', () => {
  const world = useWorld();
  const heldElsewhere = async (options = {}): Promise<Replica> => {
    const other = world.replica(options);
    await other.manager.acquire('k');
    return other;
  };

  it('tryAcquire says null, and wait: 0 throws LOCK_HELD, after one round trip', async () => {
    await heldElsewhere();
    const { manager, link } = world.replica();
    expect(await manager.tryAcquire('k')).toBeNull();
    expect(link.count()).toBe(1);
    await expect(manager.acquire('k', { wait: false })).rejects.toMatchObject({ code: 'LOCK_HELD' });
    expect(link.count()).toBe(2);
  });

  it('tryAcquire on a key held in this manager answers without a round trip', async () => {
    const { manager, link } = await heldElsewhere();
    const count = link.count();
    expect(await manager.tryAcquire('k')).toBeNull();
    expect(link.count()).toBe(count);
  });

  it('failure 21: tryAcquire takes an expired lease', async () => {
    const { link } = await heldElsewhere({ ttl: 1000 });
    link.cut();
    await world.advance(1001);
    const lease = await world.replica().manager.tryAcquire('k');
    expect(lease?.isHeld).toBe(true);
  });

  it('behind a waiter who is told held, a probe is null; it does not overtake', async () => {
    const other = await heldElsewhere();
    const { manager } = world.replica();
    const waiter = track(manager.acquire('k', { wait: '1h' }));
    const probe = track(manager.tryAcquire('k'));
    await world.advance(100);
    expect(probe).toMatchObject({ state: 'resolved', value: null });
    await world.until(other.manager.close());
    await world.advance(1100);
    expect(waiter.state).toBe('resolved');
  });

  it('behind a waiter who is granted, a probe is null', async () => {
    const { manager } = world.replica();
    const waiter = track(manager.acquire('k'));
    const probe = track(manager.tryAcquire('k'));
    await world.settle();
    expect(waiter.state).toBe('resolved');
    expect(probe).toMatchObject({ state: 'resolved', value: null });
  });

  it('a restart guard is not "held": tryAcquire throws LOCK_STORE_UNAVAILABLE, acquire waits', async () => {
    let guarded = true;
    const { manager, told } = world.replica({
      wrap: store =>
        Object.assign(Object.create(store), {
          acquire: (request: any, call: any) =>
            guarded
              ? Promise.resolve({ kind: 'not-yet', reason: 'restart-guard', freeInMs: 3000 })
              : store.acquire(request, call),
        }),
    });
    await expect(manager.tryAcquire('k')).rejects.toMatchObject({
      code: 'LOCK_STORE_UNAVAILABLE',
      sent: false,
    });
    await expect(world.until(manager.acquire('k', { wait: 100 }))).rejects.toMatchObject({
      message: expect.stringMatching(/was restarted and grants nothing for another 3000 ms.*Wait longer/),
    });
    const wait = track(manager.acquire('k'));
    guarded = false;
    await world.advance(3020);
    expect(wait.state).toBe('resolved');
    expect(told('acquire-delayed')[0]).toMatchObject({ reason: 'restart-guard' });
  });
});
