import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { LockHeldError } from '../../lib/core/errors.js';
import type { Lease, LeaseSet } from '../../lib/core/lease.js';
import { track, useWorld, type Replica } from './world.js';

describe('several keys at once', () => {
  const world = useWorld();
  const isHeld = async (key: string): Promise<boolean> => (await world.store.inspect(key))?.isHeld ?? false;
  const held = async (...keys: string[]): Promise<string[]> => {
    const states = await Promise.all(keys.map(isHeld));
    return keys.filter((_, index) => states[index]);
  };
  const pair = async (replica: Replica, ttl = 1000): Promise<[LeaseSet, Lease, Lease]> => {
    const set = await replica.manager.acquireAll(['a', 'b'], { ttl });
    return [set, set.of('a'), set.of('b')];
  };
  const lost = (key: string): object => ({ code: 'LOCK_LOST', key });

  describe('acquiring', () => {
    it('takes each key once, in the order of code units, one after the other', async () => {
      const { manager, told } = world.replica();
      const set = await manager.acquireAll(['b', 'ä', 'a', 'B', 'b', '10', '9']);
      const sorted = ['10', '9', 'B', 'a', 'b', 'ä'];
      expect([set.keys, told('acquired').map(({ key }) => key)]).toEqual([sorted, sorted]);
      expect(set.leases.map(({ key }) => key)).toEqual(sorted);
      expect(new Set(set.leases.map(({ owner }) => owner)).size).toBe(6);
      expect(set.of('ä').key).toBe('ä');
      expect(() => set.of('c')).toThrow(/key \('c'\) is none of this set; its keys are '10', '9'/);
      expect([set.isHeld, set.isExpiring, set.signal.aborted]).toEqual([true, false, false]);
      await set.release();
      expect(await held(...sorted)).toEqual([]);
    });

    it('refuses no key, what is no key, and data for several; attributes are those of each', async () => {
      const { manager, link } = world.replica();
      const refused = (keys: unknown, options?: object): Promise<void> =>
        expect(manager.acquireAll(keys as string[], options)).rejects.toMatchObject({
          code: 'LOCK_OPTIONS_INVALID',
        });
      await refused([]);
      await refused('a');
      await refused(['a', '', 7]);
      await refused(['a', 'b'], { data: 'x' });
      await refused(['a', 'b'], { ttl: -1 });
      expect(link.count()).toBe(0);
      const one = await manager.acquireAll(['a', 'a'], { data: 'x', attributes: { n: 1 } });
      expect(one.of('a').data).toBe('x');
      await one.release();
      const two = await manager.acquireAll(['a', 'b'], { attributes: { n: 2 } });
      expect(two.leases.map(({ attributes }) => attributes)).toEqual([{ n: 2 }, { n: 2 }]);
    });

    it('waits for all of them together no longer than `wait`, and says for how long', async () => {
      const { manager } = world.replica();
      const other = world.replica();
      const a = await other.manager.acquire('a');
      await other.manager.acquire('b', { holdAtLeast: '1m' });
      const attempt = track(manager.acquireAll(['b', 'a'], { wait: 1000 }));
      await world.advance(700);
      await a.release();
      await world.advance(299);
      expect([attempt.state, await held('a')]).toEqual(['pending', ['a']]);
      await world.advance(1);
      expect(attempt.error).toMatchObject({ code: 'LOCK_TIMEOUT', key: 'b', waitedMs: 1000 });
      expect(await held('a')).toEqual([]);
    });

    it('tries each without waiting where wait is 0; tryAcquireAll answers null', async () => {
      const { manager } = world.replica();
      const other = world.replica();
      const b = await other.manager.acquire('b');
      for (const wait of [0, false] as const) {
        await expect(manager.acquireAll(['a', 'b', 'c'], { wait })).rejects.toMatchObject({
          code: 'LOCK_HELD',
          key: 'b',
        });
      }
      expect(await manager.tryAcquireAll(['a', 'b', 'c'], { wait: '5s' })).toBeNull();
      expect(await held('a', 'b', 'c')).toEqual(['b']);
      await b.release();
      expect((await manager.tryAcquireAll(['a', 'b', 'c']))?.keys).toEqual(['a', 'b', 'c']);
      await expect(manager.tryAcquireAll([])).rejects.toMatchObject({ code: 'LOCK_OPTIONS_INVALID' });
    });

    it('a key that is free is taken even when the wait was used up by those before', async () => {
      const { manager } = world.replica();
      const other = world.replica();
      const a = await other.manager.acquire('a');
      const attempt = track(manager.acquireAll(['a', 'b'], { wait: 500 }));
      manager.on('acquired', ({ key }) => key === 'a' && world.replicas[0]!.clock.block(600));
      await world.advance(400);
      await a.release();
      await world.advance(700);
      expect(attempt.state).toBe('resolved');
    });

    it('holdAtLeast keeps each key, but not those of an attempt that has failed', async () => {
      const { manager } = world.replica();
      const other = world.replica();
      const b = await other.manager.acquire('b');
      expect(await manager.tryAcquireAll(['a', 'b'], { holdAtLeast: '30s' })).toBeNull();
      expect(await other.manager.tryAcquire('a')).not.toBeNull();
      await b.release();
      const set = await manager.acquireAll(['b', 'c'], { holdAtLeast: '30s' });
      await set.release();
      expect(await other.manager.tryAcquire('b')).toBeNull();
      expect(await other.manager.tryAcquire('c')).toBeNull();
    });

    it('mustExist is asked of each', async () => {
      const { manager } = world.replica();
      const seeded = await manager.acquire('a', { data: 'x' });
      await seeded.release();
      await expect(manager.acquireAll(['a', 'b'], { mustExist: true })).rejects.toMatchObject({
        code: 'LOCK_KEY_ABSENT',
        key: 'b',
      });
      expect(await held('a', 'b')).toEqual([]);
    });

    it.each(['abort', 'close', 'rejected', 'silence'] as const)(
      'all or none: what fails releases those already acquired before it is told (%s)',
      async how => {
        const { manager, link } = world.replica();
        const other = world.replica();
        await other.manager.acquire('c', { ttl: '1h' });
        const controller = new AbortController();
        const attempt = track(manager.acquireAll(['a', 'b', 'c'], { wait: '5s', signal: controller.signal }));
        await world.advance(100);
        expect(await held('a', 'b')).toEqual(['a', 'b']);
        const reason = new Error('enough');
        if (how === 'abort') controller.abort(reason);
        if (how === 'close') void manager.close();
        if (how === 'rejected') link.script('acquire', { kind: 'reject', retryable: false });
        if (how === 'silence') link.cut();
        await world.advance({ abort: 0, close: 0, rejected: 2000, silence: 6900 }[how]);
        expect(attempt.state).toBe('rejected');
        if (how === 'abort') expect(attempt.error).toBe(reason);
        if (how === 'close') expect(attempt.error).toMatchObject({ code: 'LOCK_MANAGER_CLOSED' });
        link.heal();
        await world.advance(how === 'silence' ? 5000 : 0);
        expect(await held('a', 'b')).toEqual([]);
      },
    );

    it('is not told before the store was asked to free what was acquired', async () => {
      const { manager, link } = world.replica();
      await world.replica().manager.acquire('b');
      link.script('release', { kind: 'delay', requestMs: 300, replyMs: 100 });
      const attempt = track(manager.tryAcquireAll(['a', 'b']));
      await world.advance(399);
      expect([attempt.state, await held('a')]).toEqual(['pending', []]);
      await world.advance(1);
      expect(attempt).toMatchObject({ state: 'resolved', value: null });
    });

    it('rejects with the signal’s reason, whatever that is, and leaves no listener behind', async () => {
      const { manager } = world.replica();
      await world.replica().manager.acquire('b');
      const controller = new AbortController();
      const { signal } = controller;
      const attempt = track(manager.acquireAll(['a', 'b'], { signal }));
      await world.settle();
      const reason = new LockHeldError('another');
      controller.abort(reason);
      await world.settle();
      expect(attempt.error).toBe(reason);
      const kept = new AbortController().signal;
      await (await manager.acquireAll(['c', 'd'], { signal: kept })).release();
      expect(await manager.tryAcquireAll(['a', 'b'], { signal: kept })).toBeNull();
      expect(getEventListeners(kept, 'abort')).toEqual([]);
    });

    it('an aborted signal takes nothing', async () => {
      const { manager, link } = world.replica();
      const signal = AbortSignal.abort(new Error('before'));
      await expect(manager.acquireAll(['a', 'b'], { signal })).rejects.toThrow('before');
      expect(link.count()).toBe(0);
    });

    it('the loss of one that was acquired ends the wait for the next at once', async () => {
      const { manager, told } = world.replica({ ttl: 1000 });
      const other = world.replica();
      await other.manager.acquire('c', { ttl: '1h' });
      const attempt = track(manager.acquireAll(['a', 'b', 'c'], { wait: '1m' }));
      await world.advance(100);
      await other.manager.revoke('b');
      await world.advance(400);
      expect(attempt.error).toMatchObject({ code: 'LOCK_LOST', key: 'b', lossCause: 'refused' });
      expect(await held('a')).toEqual([]);
      expect([told('lost').length, told('released').length]).toEqual([1, 1]);
    });

    it('does not answer with a set of which a lease is over, whatever timers say', async () => {
      const { manager, clock } = world.replica({ ttl: 1000 });
      manager.on('acquired', ({ key }) => key === 'b' && clock.block(2000));
      await expect(manager.acquireAll(['a', 'b'])).rejects.toMatchObject({ code: 'LOCK_LOST' });
      await world.settle();
      expect(await held('a', 'b')).toEqual([]);
    });

    it('opposite orders in two processes never wait in a circle', async () => {
      const replicas = [world.replica(), world.replica()];
      let running = 0;
      const runs = replicas.flatMap(({ manager }, index) =>
        Array.from({ length: 20 }, () =>
          manager.withLock(index === 0 ? ['a', 'b'] : ['b', 'a'], { wait: '5m' }, async () => {
            expect(++running).toBe(1);
            await new Promise<void>(resolve => world.clock.startTimer(5, resolve));
            running--;
          }),
        ),
      );
      await world.until(Promise.all(runs), 120_000);
    });
  });

  describe('one is lost', () => {
    it('all holders are told to stop, with that loss as the reason; the others are renewed until their release', async () => {
      const replica = world.replica();
      const [set, a, b] = await pair(replica);
      const signals = [set.signal, a.signal, b.signal];
      const aborted: string[] = [];
      a.signal.addEventListener('abort', () => aborted.push(`a ${a.isHeld} ${b.isHeld} ${set.isHeld}`));
      b.signal.addEventListener('abort', () => aborted.push(`b ${a.isHeld} ${b.isHeld} ${set.isHeld}`));
      await world.replica().manager.revoke('b');
      await world.advance(400);
      expect(aborted.sort()).toEqual(['a false false false', 'b false false false']);
      for (const { reason } of signals) expect(reason).toBe(signals[0]!.reason);
      expect(signals[0]!.reason).toMatchObject(lost('b'));
      for (const each of [set, a, b]) {
        expect([each.isHeld, each.isExpiring, each.remainingMs]).toEqual([false, false, 0]);
        expect(() => each.assertHeld()).toThrow(/LOCK_LOST: the lease of key 'b'/);
        await expect(each.renew()).rejects.toMatchObject(lost('b'));
      }
      await world.advance(10_000);
      expect(await held('a', 'b')).toEqual(['a']);
      expect([replica.told('lost').length, replica.told('released').length]).toEqual([1, 0]);
      await set.release();
      expect(await held('a')).toEqual([]);
      expect(replica.told('released').map(({ key }) => key)).toEqual(['a']);
      expect(a.signal.reason).toMatchObject(lost('b'));
      expect(() => a.assertHeld()).toThrow(/LOCK_LOST/);
    });

    it.each(['isHeld', 'signal', 'assertHeld', 'remainingMs'] as const)(
      'by the clock, before any timer has fired: %s of the set and of a lease with more time',
      async question => {
        for (const whom of ['set', 'other'] as const) {
          const replica = world.replica();
          const a = `a-${whom}`;
          const set = await replica.manager.acquireAll([a, `b-${whom}`], { ttl: 1000, renewEvery: false });
          await set.of(a).renew({ ttl: '1h' });
          replica.clock.block(2000);
          const asked = whom === 'set' ? set : set.of(a);
          const answer =
            question === 'assertHeld'
              ? () => asked.assertHeld()
              : () => (question === 'signal' ? asked.signal.aborted : asked[question]);
          if (question === 'assertHeld') expect(answer).toThrow(/LOCK_LOST/);
          else expect(answer()).toBe(question === 'signal' ? true : question === 'isHeld' ? false : 0);
          expect([set.isHeld, set.signal.reason]).toEqual([
            false,
            expect.objectContaining(lost(`b-${whom}`)),
          ]);
          await set.release();
        }
      },
    );

    it('a lease that is told to stop and then lost has told one end', async () => {
      const replica = world.replica();
      const [set] = await pair(replica);
      await world.replica().manager.revoke('b');
      await world.advance(400);
      await world.replica().manager.revoke('a');
      await world.advance(400);
      expect(replica.told('lost').map(({ key }) => key)).toEqual(['b', 'a']);
      await set.release();
      expect(replica.told('released')).toEqual([]);
      expect(set.signal.reason).toMatchObject(lost('b'));
    });

    it.each([['a'], ['b'], ['set'], ['a', 'b', 'set']])(
      'listeners of the end that release it have each end told once: %j',
      async (...who) => {
        const replica = world.replica();
        const [set, a, b] = await pair(replica);
        const all: Record<string, { signal: AbortSignal }> = { set, a, b };
        for (const name of who) all[name]!.signal.addEventListener('abort', () => void set.release());
        await world.replica().manager.revoke('a');
        await world.advance(1000);
        await set.release();
        const ends = [...replica.told('lost'), ...replica.told('released')].map(({ key }) => key);
        expect(ends).toEqual(['a', 'b']);
        expect(await held('a', 'b')).toEqual([]);
      },
    );
  });

  describe('the end', () => {
    it('a lease that is released by itself leaves the set, which speaks for the others', async () => {
      const replica = world.replica();
      const [set, a, b] = await pair(replica);
      await a.release();
      expect([set.isHeld, b.isHeld, set.signal.aborted, b.signal.aborted]).toEqual([
        true,
        true,
        false,
        false,
      ]);
      expect(set.remainingMs).toBe(b.remainingMs);
      await set.renew();
      set.assertHeld();
      await b.release();
      expect([set.isHeld, set.signal.aborted]).toEqual([false, true]);
      expect(() => set.assertHeld()).toThrow(/LOCK_RELEASED/);
      expect(replica.told('released').map(({ key }) => key)).toEqual(['a', 'b']);
    });

    it('release ends all at once, even while the store is silent, and may be asked for twice', async () => {
      const replica = world.replica();
      const [set, a, b] = await pair(replica, 10_000);
      replica.link.cut();
      const released = track(set.release());
      expect([set.isHeld, a.isHeld, b.isHeld]).toEqual([false, false, false]);
      expect(set.signal.reason).toMatchObject({ code: 'LOCK_RELEASED' });
      await world.advance(2000);
      expect(released.state).toBe('resolved');
      replica.link.heal();
      await world.until(set.release());
    });

    it('await using releases', async () => {
      const { manager } = world.replica();
      {
        await using set = await manager.acquireAll(['a', 'b']);
        expect(set.isHeld).toBe(true);
      }
      expect(await held('a', 'b')).toEqual([]);
    });

    it('renew renews each; the warning of the first that expires is that of the set, once', async () => {
      const { manager, link } = world.replica({ ttl: 1000 });
      const set = await manager.acquireAll(['a', 'b'], { renewEvery: false, expiringAfter: 500 });
      const warnings: number[] = [];
      set.onExpiring(remainingMs => warnings.push(remainingMs));
      set.onExpiring(() => warnings.push(-1))();
      await world.advance(400);
      await set.renew({ ttl: 1000, attributes: { n: 1 } });
      expect(set.leases.map(({ attributes }) => attributes)).toEqual([{ n: 1 }, { n: 1 }]);
      expect(link.count('renew')).toBe(2);
      await world.advance(499);
      expect([set.isExpiring, warnings]).toEqual([false, []]);
      await world.advance(1);
      expect([set.isExpiring, warnings.length]).toEqual([true, 1]);
      await expect(set.renew({ data: 'x' } as object)).rejects.toMatchObject({
        code: 'LOCK_OPTIONS_INVALID',
      });
      link.script('renew', { kind: 'reject' });
      await expect(set.renew()).rejects.toMatchObject({ code: 'LOCK_STORE_REJECTED' });
      expect(set.isHeld).toBe(true);
      await set.release();
    });
  });
});
