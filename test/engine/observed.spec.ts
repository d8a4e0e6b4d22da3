import { describe, expect, it } from '@jest/globals';
import type { LeaseStore } from '../../lib/core/lease-store.js';
import { FaultyStore, type VirtualClock } from '../../lib/testing/index.js';
import { ObservedStore, ObservedTable } from '../testing/observed-store.js';
import { track, useWorld, type Replica, type ReplicaOptions } from './world.js';

const HOUR_MS = 3_600_000;
/** After which a record that does not change may be taken over. */
const STALE_MS = 10_000 * 1.01 + 2;

describe('a store whose leases end by contenders that watch them', () => {
  const world = useWorld();
  let table: ObservedTable;

  /** Replicas of one test share a table, over a link of their own. */
  function replica(options: ReplicaOptions = {}): Replica & { readonly net: FaultyStore } {
    if (world.replicas.length === 0) table = new ObservedTable();
    let net!: FaultyStore;
    const wrap = (_: unknown, clock: VirtualClock): FaultyStore =>
      (net = new FaultyStore(new ObservedStore(table, clock), { clock: world.clock }));
    return { ...world.replica({ ...options, wrap }), net };
  }

  const calls = ({ net }: { net: FaultyStore }, method: string): number =>
    net.calls.filter(call => call.method === method).length;

  describe('tryAcquire', () => {
    it('says that the key is held as soon as its holder shows life, and then at once', async () => {
      const holder = replica();
      const other = replica();
      const lease = await holder.manager.acquire('k');
      const first = track(other.manager.tryAcquire('k'));
      await world.advance(3000);
      expect(first.state).toBe('pending');
      await world.advance(1500);
      expect(first).toMatchObject({ state: 'resolved', value: null });
      expect(await other.manager.tryAcquire('k')).toBeNull();
      expect(lease.isHeld).toBe(true);
    });

    it('takes the key of a dead holder once its lease has elapsed, in one call (failure 21)', async () => {
      const holder = replica();
      const other = replica();
      const dead = await holder.manager.acquire('k');
      holder.net.cut();
      const outcome = track(other.manager.tryAcquire('k'));
      await world.advance(STALE_MS - 1);
      expect(outcome.state).toBe('pending');
      await world.advance(1100);
      expect(outcome.state).toBe('resolved');
      expect(outcome.value!.fencingToken).toBeGreaterThan(dead.fencingToken);
      expect(dead.isHeld).toBe(false);
    });

    it('does not take a key that was released while it watched, as its holder was alive', async () => {
      const holder = replica();
      const other = replica();
      const lease = await holder.manager.acquire('k');
      const outcome = track(other.manager.tryAcquire('k'));
      await world.advance(1000);
      await lease.release();
      await world.advance(1100);
      expect(outcome).toMatchObject({ state: 'resolved', value: null });
      expect(await other.manager.tryAcquire('k')).not.toBeNull();
    });

    it('answers at once while holdAtLeast keeps the key', async () => {
      const holder = replica();
      const other = replica();
      await holder.manager.withLock('k', { holdAtLeast: '30s' }, () => undefined);
      await world.advance(2000);
      const outcome = track(other.manager.tryAcquire('k'));
      await world.settle();
      expect(outcome).toMatchObject({ state: 'resolved', value: null });
    });

    it('repeated now and then takes the key of a holder that has shown life and died', async () => {
      const holder = replica();
      const other = replica();
      await holder.manager.acquire('k');
      const first = track(other.manager.tryAcquire('k'));
      await world.advance(4500);
      expect(first.state).toBe('resolved');
      holder.net.cut();
      let waitedMs = 0;
      let lease = null;
      for (; lease === null && waitedMs < 20_000; waitedMs += 2000) {
        await world.advance(2000);
        lease = await other.manager.tryAcquire('k');
      }
      expect(lease).not.toBeNull();
      expect(waitedMs).toBeLessThanOrEqual(STALE_MS + 4000);
    });

    it('ends with the signal, and with a store that falls silent meanwhile', async () => {
      const holder = replica();
      const other = replica();
      await holder.manager.acquire('k');
      const controller = new AbortController();
      const aborted = track(other.manager.tryAcquire('k', { signal: controller.signal }));
      await world.advance(1000);
      controller.abort(new Error('enough'));
      await world.settle();
      expect(aborted).toMatchObject({ state: 'rejected', error: { message: 'enough' } });
      const silenced = track(other.manager.tryAcquire('k'));
      await world.advance(100);
      other.net.cut();
      await world.advance(STALE_MS + 4000);
      expect(silenced).toMatchObject({ state: 'rejected', error: { code: 'LOCK_STORE_UNAVAILABLE' } });
    });

    it('ends in time though the store never learns whether the holder lives', async () => {
      const wrap = (store: LeaseStore): LeaseStore =>
        Object.assign(Object.create(store) as LeaseStore, {
          acquire: async () => ({ kind: 'held', freeInMs: 5000, mayBeDead: true }),
        });
      const { manager } = world.replica({ wrap });
      const outcome = track(manager.tryAcquire('k'));
      await world.advance(4000 + 5000 + 4000 - 1);
      expect(outcome.state).toBe('pending');
      await world.advance(1);
      expect(outcome).toMatchObject({ state: 'resolved', value: null });
    });

    it('on a key for which another waits here asks nothing, and is told with the grant', async () => {
      const holder = replica();
      const other = replica();
      await holder.manager.acquire('k');
      holder.net.cut();
      const waiting = track(other.manager.acquire('k', { wait: '1m' }));
      await world.advance(100);
      const asked = calls(other, 'acquire');
      const trying = track(other.manager.tryAcquire('k'));
      await world.settle();
      expect(calls(other, 'acquire')).toBe(asked);
      await world.advance(STALE_MS + 1000);
      expect(waiting.state).toBe('resolved');
      expect(trying).toMatchObject({ state: 'resolved', value: null });
    });
  });

  it('never takes a key from a holder that lives, over three leases', async () => {
    const holder = replica();
    const others = [replica(), replica()];
    const lease = await holder.manager.acquire('k');
    const waits = others.map(({ manager }) => track(manager.acquire('k', { wait: Infinity })));
    await world.everyMs(30_000, () => undefined);
    expect(waits.map(({ state }) => state)).toEqual(['pending', 'pending']);
    expect(lease.isHeld).toBe(true);
    await lease.release();
    await world.advance(1100);
    expect(waits.map(({ state }) => state).sort()).toEqual(['pending', 'resolved']);
    const [first] = waits.flatMap(({ value }) => value ?? []);
    await first!.release();
    await world.advance(1100);
    expect(waits.map(({ state }) => state)).toEqual(['resolved', 'resolved']);
  });

  it.each([
    [-0.0049, 0.005],
    [0.0049, -0.005],
    [0, 0],
  ])('loss comes first, with clocks off by %d and %d', async (drift, otherDrift) => {
    const holder = replica({ drift });
    const other = replica({ drift: otherDrift });
    const lease = await holder.manager.acquire('k');
    const { signal } = lease;
    const next = track(other.manager.acquire('k', { wait: '1m', pollEvery: 5 }));
    await world.advance(7100);
    holder.net.cut();
    for (let ms = 0; next.state === 'pending' && ms < 12_000; ms++) {
      await world.advance(1);
      if (next.state === 'pending') continue;
      expect(signal.aborted).toBe(true);
      expect(lease.isHeld).toBe(false);
    }
    expect(next.state).toBe('resolved');
  });

  it('waits as much longer than the lease as the clocks may drift apart', async () => {
    for (const driftRate of [0, 0.1]) {
      const holder = replica({ driftRate });
      const other = replica({ driftRate });
      await holder.manager.acquire('k');
      holder.net.cut();
      const next = track(other.manager.acquire('k', { wait: '1m' }));
      await world.advance(10_000 * (1 + driftRate));
      expect(next.state).toBe('pending');
      await world.advance(200);
      expect(next.state).toBe('resolved');
      await next.value!.release();
    }
  });

  it('a contender whose wall clock jumps by an hour, either way, takes nothing over', async () => {
    const holder = replica();
    const other = replica();
    const lease = await holder.manager.acquire('k');
    const wait = track(other.manager.acquire('k', { wait: Infinity }));
    for (const jumpMs of [HOUR_MS, -HOUR_MS, -HOUR_MS, HOUR_MS]) {
      other.clock.jumpWall(jumpMs);
      await world.advance(3000);
      expect(wait.state).toBe('pending');
      expect(lease.isHeld).toBe(true);
    }
    await lease.release();
    await world.advance(1100);
    expect(wait.state).toBe('resolved');
  });

  it('a holder whose wall clock jumps ahead loses its lease, and one whose clock is set back keeps it', async () => {
    const [ahead, behind] = [replica(), replica()];
    const [lost, kept] = [await ahead.manager.acquire('a'), await behind.manager.acquire('b')];
    ahead.clock.jumpWall(HOUR_MS);
    behind.clock.jumpWall(-HOUR_MS);
    expect(lost.isHeld).toBe(false);
    expect(ahead.told('lost')).toMatchObject([{ cause: 'clock-jump' }]);
    await world.advance(30_000);
    expect(kept.isHeld).toBe(true);
  });

  it('a lease that was renewed for longer by hand is not shortened by the renewals that follow', async () => {
    const holder = replica();
    const other = replica();
    const lease = await holder.manager.acquire('k');
    await lease.renew({ ttl: '1m' });
    await world.advance(9000);
    holder.net.cut();
    const next = track(other.manager.acquire('k', { wait: '2m', pollEvery: 10 }));
    for (let ms = 0; next.state === 'pending' && ms < 100_000; ms += 10) {
      await world.advance(10);
      if (next.state !== 'pending') expect(lease.isHeld).toBe(false);
    }
    expect(next.state).toBe('resolved');
  });

  it('a longer renewal whose reply comes late does not outlive the shorter lease that the store holds since', async () => {
    const holder = replica();
    const other = replica();
    const lease = await holder.manager.acquire('k');
    holder.net.script('renew', { kind: 'delay', requestMs: 0, replyMs: 4000 });
    const long = track(lease.renew({ ttl: '1m' }));
    await world.advance(2100);
    expect(long.state).toBe('rejected');
    await world.advance(1000);
    holder.net.fail('renew', { kind: 'lose-request' });
    const next = track(other.manager.acquire('k', { wait: '2m', pollEvery: 5 }));
    for (let ms = 0; next.state === 'pending' && ms < 100_000; ms += 5) {
      await world.advance(5);
      if (next.state !== 'pending') expect(lease.isHeld).toBe(false);
    }
    expect(next.state).toBe('resolved');
  });

  describe('holdAtLeast', () => {
    it('keeps the key for that long, and not until contenders have watched it', async () => {
      const holder = replica();
      const other = replica();
      const lease = await holder.manager.acquire('k', { holdAtLeast: '30s' });
      await world.advance(1000);
      await lease.release();
      expect(holder.told('released')).toHaveLength(1);
      await world.advance(28_000);
      const early = track(other.manager.acquire('k', { wait: 500 }));
      await world.advance(600);
      expect(early).toMatchObject({ state: 'rejected', error: { code: 'LOCK_TIMEOUT' } });
      await world.advance(500);
      expect(await other.manager.tryAcquire('k')).not.toBeNull();
      expect(calls(holder, 'release')).toBe(2);
      expect(calls(holder, 'renew')).toBe(0);
    });

    it('ends in time though its release had no answer for longer than the lease', async () => {
      const holder = replica();
      const other = replica();
      const lease = await holder.manager.acquire('k', { holdAtLeast: '30s' });
      holder.net.script('release', { kind: 'lose-reply' });
      const released = track(lease.release());
      await world.advance(500);
      holder.net.cut();
      await world.advance(15_000);
      holder.net.heal();
      await world.advance(15_000);
      expect(released.state).toBe('resolved');
      expect(await other.manager.tryAcquire('k')).not.toBeNull();
    });

    it('outlives the close of its manager, and ends by itself', async () => {
      const holder = replica();
      const other = replica();
      await holder.manager.acquire('k', { holdAtLeast: '5s' });
      await world.until(holder.manager.close());
      expect(holder.clock.armedTimers).toBe(0);
      const next = track(other.manager.acquire('k', { wait: '1m' }));
      await world.advance(4900);
      expect(next.state).toBe('pending');
      await world.advance(1500);
      expect(next.state).toBe('resolved');
    });
  });

  it('refuses data that is to end by itself, since such a store knows no time', async () => {
    const { manager } = replica();
    await expect(manager.acquire('k', { data: 'x', dataTtl: '1m' })).rejects.toMatchObject({
      code: 'LOCK_OPTIONS_INVALID',
      message: expect.stringContaining('dataTtl'),
    });
  });
});

describe('mustExist', () => {
  const world = useWorld();

  it('refuses a key that the store does not know, whether one waits or not', async () => {
    const { manager } = world.replica();
    const refusal = { code: 'LOCK_KEY_ABSENT', key: 'k' };
    await expect(manager.acquire('k', { mustExist: true })).rejects.toMatchObject(refusal);
    await expect(manager.tryAcquire('k', { mustExist: true })).rejects.toMatchObject(refusal);
    await expect(manager.withLock('k', { mustExist: true }, () => 1)).rejects.toMatchObject(refusal);
    expect(await manager.inspect('k')).toBeNull();
  });

  it('takes a key beside which something is kept', async () => {
    const { manager } = world.replica();
    const first = await manager.acquire('k', { data: 'x' });
    await first.release();
    expect((await manager.acquire('k', { mustExist: true })).data).toBe('x');
  });

  it('must be true or false', async () => {
    const { manager } = world.replica();
    await expect(manager.acquire('k', { mustExist: 'yes' as never })).rejects.toMatchObject({
      code: 'LOCK_OPTIONS_INVALID',
      message: expect.stringContaining("mustExist ('yes')"),
    });
  });
});

describe('attributes whose names the store needs', () => {
  const world = useWorld();

  it('are refused at acquire and renew, by name', async () => {
    const reserving = (store: object): never =>
      Object.assign(store, { reservedAttributes: ['owner'] }) as never;
    const { manager } = world.replica({ wrap: reserving });
    const refusal = { code: 'LOCK_OPTIONS_INVALID', message: expect.stringContaining('attributes.owner') };
    await expect(manager.acquire('k', { attributes: { owner: 'me' } })).rejects.toMatchObject(refusal);
    const lease = await manager.acquire('k', { attributes: { mine: 1 } });
    await expect(lease.renew({ attributes: { owner: 'me' } })).rejects.toMatchObject(refusal);
  });
});
