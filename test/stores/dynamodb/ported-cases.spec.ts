import { describe, expect, it } from '@jest/globals';
import type { Lease } from '../../../lib/core/lease.js';
import type { Item } from '../../../lib/stores/dynamodb/row-client.js';
import type { Dialect } from '../../../lib/stores/dynamodb/dynamodb-store-options.js';
import { createSeededRandom } from '../../../lib/testing/index.js';
import { leftovers, NOTHING, track } from '../../engine/world.js';
import { useFleet, type FleetReplica } from './fleet.js';

/**
 * What users of dynamolock and of the Java lock client rely on, with this library in their place. The numbers are those by
 * which issue 3 and docs/from-dynamolock.md can be checked.
 */

const TTL_MS = 10_000;
/** After which a row that does not change may be taken over, and the longest pause between two looks at it. */
const STALE_MS = TTL_MS * 1.01 + 2;
const POLL_MS = 1100;
const HOUR_MS = 3_600_000;

/** The dialect and what a refused write tells have nothing to do with each other. */
const VARIANTS: [Dialect, string, boolean][] = [
  ['dynamolock', 'as the service', true],
  ['aws-java', 'as an emulator, which does not tell of the old row', false],
];

const DURATIONS: Record<Dialect, Record<number, string>> = {
  dynamolock: { 10_000: '10s', 90_000: '1m30s', 1500: '1.5s' },
  'aws-java': { 10_000: '10000', 90_000: '90000', 1500: '1500' },
};

describe.each(VARIANTS)('ported cases, dialect %s, %s', (dialect, _, tellsOldItem) => {
  const fleet = useFleet({ tellsOldItem, pageSize: 3 }, { dialect });
  const { world } = fleet;

  /** A row as another client of this dialect leaves it. */
  const foreign = (own: Item = {}): Item => ({
    key: { S: 'k' },
    ownerName: { S: 'somebody' },
    leaseDuration: { S: DURATIONS[dialect][10_000]! },
    recordVersionNumber: { S: 'their-version' },
    ...own,
  });
  const isFlagged = (key = 'k'): boolean => fleet.row(key)?.isReleased?.S === '1';
  /** Lets time pass until the promise settles, but no longer. */
  const settled = <T>(promise: Promise<T>): Promise<T> => world.until(promise, 120_000);

  describe('rows', () => {
    it.each([10_000, 90_000, 1500])('case 1: a row has exactly its attributes, for %d ms', async ttl => {
      const { manager } = fleet.replica({ service: 'orders' });
      const lease = await manager.acquire('k', { ttl, renewEvery: false });
      const held = {
        key: { S: 'k' },
        ownerName: { S: lease.owner },
        leaseDuration: { S: DURATIONS[dialect][ttl] },
        recordVersionNumber: { S: `${lease.owner}:${'0'.repeat(16)}:0` },
        fencingToken: { N: String(lease.fencingToken) },
        holder: { S: expect.stringContaining('"service":"orders"') },
      };
      expect(fleet.row()).toEqual(held);
      await world.advance(400);
      await lease.renew();
      const renewed = { ...held, recordVersionNumber: { S: `${lease.owner}:${'0'.repeat(15)}1:400` } };
      expect(fleet.row()).toEqual(renewed);
      await lease.release();
      const { holder, ...kept } = renewed;
      const recordVersionNumber = { S: `${lease.owner}:~released:${lease.fencingToken}` };
      const freed = { ...kept, recordVersionNumber, isReleased: { S: '1' } };
      expect([fleet.row(), holder]).toEqual([freed, held.holder]);
    });

    it('case 1: data and attributes have their types, and nothing else joins them', async () => {
      const { manager } = fleet.replica();
      await manager.acquire('k', { data: Uint8Array.of(0, 255), attributes: { s: 'x', n: 1.5, b: false } });
      const others = Object.keys({ ...foreign(), fencingToken: 0, holder: 0 });
      const kept = Object.entries(fleet.row()!).filter(([name]) => !others.includes(name));
      expect(Object.fromEntries(kept)).toEqual({
        data: { B: Uint8Array.of(0, 255) },
        s: { S: 'x' },
        n: { N: '1.5' },
        b: { BOOL: false },
      });
    });

    it('case 2: a row that was released is acquired again without isReleased', async () => {
      const [a, b] = [fleet.replica(), fleet.replica()];
      await (await a.manager.acquire('k')).release();
      expect(isFlagged()).toBe(true);
      const lease = await b.manager.acquire('k');
      expect(fleet.row()).not.toHaveProperty('isReleased');
      expect(await settled(a.manager.tryAcquire('k'))).toBeNull();
      await world.advance(3 * TTL_MS);
      expect(fleet.row()).not.toHaveProperty('isReleased');
      expect(lease.isHeld).toBe(true);
    });

    it('case 2: so is one that another client has released', async () => {
      const { manager } = fleet.replica();
      fleet.table.put(foreign({ isReleased: { S: '1' }, note: { S: 'kept' } }));
      await manager.acquire('k');
      expect(fleet.row()).not.toHaveProperty('isReleased');
      expect(fleet.row()).toMatchObject({ note: { S: 'kept' } });
    });

    it.each(['', 'garbage', '20 s', '-20s', '1.5', '20d', 'NaN', '1e3', undefined])(
      'case 3: a malformed duration (%j) is a CorruptLeaseError, and the row is left alone',
      async text => {
        const { manager } = fleet.replica();
        const { leaseDuration: _, ...row } = foreign();
        const broken: Item = text === undefined ? row : { ...row, leaseDuration: { S: text } };
        fleet.table.put(broken);
        const corrupt = { code: 'LOCK_CORRUPT_LEASE', key: 'k' };
        await expect(settled(manager.acquire('k'))).rejects.toMatchObject(corrupt);
        await expect(settled(manager.tryAcquire('k'))).rejects.toMatchObject(corrupt);
        await expect(settled(manager.inspect('k'))).rejects.toMatchObject(corrupt);
        expect(fleet.row()).toEqual(broken);
      },
    );

    it('case 3: a row that is damaged under its holder ends the lease in time, and crashes nobody', async () => {
      const { manager, told } = fleet.replica();
      const lease = await manager.acquire('k');
      fleet.table.put(foreign({ leaseDuration: { S: 'garbage' } }));
      await world.advance(TTL_MS);
      expect([lease.isHeld, told('lost')]).toMatchObject([false, [{ cause: 'expired' }]]);
      expect(told('renewal-failed')[0]).toMatchObject({ error: { code: 'LOCK_CORRUPT_LEASE' } });
      fleet.table.rows.clear();
    });
  });

  describe('exclusion', () => {
    it.each(['absent', 'released', 'stale'])(
      'case 4: of contenders for a row that is %s one wins',
      async kind => {
        const random = createSeededRandom(`race-${kind}`);
        const contenders = Array.from({ length: 4 }, () => fleet.replica({ pollEvery: 20 }));
        for (const { net } of contenders)
          net.fault = () => ({ thereMs: random.next() * 40, backMs: random.next() * 40 });
        for (let round = 0; round < 5; round++) {
          const key = `k${round}`;
          if (kind === 'released') fleet.table.put(foreign({ key: { S: key }, isReleased: { S: '1' } }));
          if (kind === 'stale') fleet.table.put(foreign({ key: { S: key } }));
          const wait = kind === 'stale' ? STALE_MS + 2000 : 1000;
          const outcomes = contenders.map(({ manager }) => track(manager.acquire(key, { wait })));
          await world.advance(wait + 500);
          const won = outcomes.flatMap(({ value }) => value ?? []);
          const codes = outcomes.flatMap(({ error }) => error?.code ?? []);
          expect([won.length, codes]).toEqual([1, Array(3).fill('LOCK_TIMEOUT')]);
          expect(won[0]!.isHeld).toBe(true);
          expect(fleet.row(key)!.fencingToken).toEqual({ N: String(won[0]!.fencingToken) });
        }
      },
    );

    it.each([
      [0.0049, -0.0049],
      [-0.0049, 0.0049],
    ])(
      'case 5: a live holder is not stolen from, over three leases, with clocks off by %d and %d',
      async (a, b) => {
        const holder = fleet.replica({ drift: a });
        const others = [fleet.replica({ drift: b, pollEvery: 10 }), fleet.replica({ drift: b })];
        holder.net.fault = () => ({ thereMs: 200, backMs: 200 });
        const lease = await settled(holder.manager.acquire('k'));
        const waits = others.map(({ manager }) => track(manager.acquire('k', { wait: Infinity })));
        const tries: unknown[] = [];
        for (let ms = 0; ms < 3 * TTL_MS; ms += 100) {
          await world.advance(100);
          if (ms > TTL_MS / 2) tries.push(await others[1]!.manager.tryAcquire('k'));
          expect(lease.isHeld).toBe(true);
        }
        expect(waits.map(({ state }) => state)).toEqual(['pending', 'pending']);
        expect(new Set(tries)).toEqual(new Set([null]));
      },
    );

    it('case 6: whoever is told to stop waiting writes nothing later', async () => {
      const [holder, waiter] = [fleet.replica({ renewEvery: false }), fleet.replica({ pollEvery: 50 })];
      const lease = await holder.manager.acquire('k');
      const stop = new AbortController();
      const waiting = track(waiter.manager.acquire('k', { wait: Infinity, signal: stop.signal }));
      await world.advance(2000);
      const sent = waiter.net.sent.length;
      stop.abort(new Error('enough'));
      await world.settle();
      expect(waiting).toMatchObject({ state: 'rejected', error: { message: 'enough' } });
      await lease.release();
      const row = fleet.row();
      await world.advance(3 * TTL_MS);
      expect([waiter.net.sent.length, fleet.row()]).toEqual([sent, row]);
    });

    it('case 7: a put that lands after the abort is released when its reply shows it', async () => {
      const { manager, net } = fleet.replica();
      net.failNext({ thereMs: 500, backMs: 100 });
      const stop = new AbortController();
      const attempt = track(manager.acquire('k', { signal: stop.signal }));
      await world.advance(100);
      stop.abort(new Error('enough'));
      await world.advance(450);
      expect([attempt.state, isFlagged()]).toEqual(['rejected', false]);
      await world.advance(100);
      expect(isFlagged()).toBe(true);
    });

    it('case 7: one whose reply is lost is released by the next who sees it here', async () => {
      const [{ manager, net }, other] = [fleet.replica(), fleet.replica()];
      net.fault = ({ operation }) => (operation === 'update' ? { thereMs: 3000 } : undefined);
      const stop = new AbortController();
      const attempt = track(manager.acquire('k', { signal: stop.signal }));
      await world.advance(100);
      stop.abort(new Error('enough'));
      await world.advance(100);
      net.cut('replies');
      await world.advance(2900);
      expect([attempt.state, fleet.row()?.ownerName, isFlagged()]).toEqual([
        'rejected',
        expect.anything(),
        false,
      ]);
      net.heal();
      const again = track(manager.acquire('k'));
      await world.advance(1);
      expect(again.value?.isHeld).toBe(true);
      expect(await settled(other.manager.tryAcquire('k'))).toBeNull();
    });

    it('case 7: one that nobody sees, as its sender has died, ends within one lease', async () => {
      const [{ manager, net }, other] = [fleet.replica(), fleet.replica()];
      net.failNext({ thereMs: 1500 });
      const stop = new AbortController();
      const attempt = track(manager.acquire('k', { signal: stop.signal }));
      await world.advance(100);
      stop.abort(new Error('enough'));
      net.cut('replies');
      await world.advance(1400);
      net.cut();
      expect([attempt.state, fleet.row()]).toEqual(['rejected', expect.anything()]);
      const next = track(other.manager.acquire('k', { wait: Infinity }));
      await world.advance(STALE_MS - 1);
      expect([next.state, isFlagged()]).toEqual(['pending', false]);
      await world.advance(POLL_MS);
      expect(next.state).toBe('resolved');
    });

    it('case 13: a lease that is over but not taken is released, and is free for the next at once', async () => {
      const [holder, next] = [fleet.replica(), fleet.replica()];
      const lease = await holder.manager.acquire('k');
      holder.net.cut();
      await world.advance(TTL_MS);
      expect([lease.isHeld, isFlagged()]).toEqual([false, false]);
      holder.net.heal();
      await settled(lease.release());
      expect(isFlagged()).toBe(true);
      await next.manager.acquire('k', { wait: 0 });
      expect(holder.told('lost')).toHaveLength(1);
      expect(holder.told('released')).toHaveLength(0);
    });

    it('case 13: one that was taken meanwhile is left alone by the release', async () => {
      const [holder, next] = [fleet.replica(), fleet.replica()];
      const lease = await holder.manager.acquire('k');
      holder.net.cut();
      const taken = await settled(next.manager.acquire('k', { wait: Infinity }));
      holder.net.heal();
      await settled(lease.release());
      expect(isFlagged()).toBe(false);
      await world.advance(TTL_MS);
      expect(taken.isHeld).toBe(true);
    });

    it('case 26: tryAcquire takes the key of a dead holder, in one call (failure 21)', async () => {
      const [holder, other] = [fleet.replica(), fleet.replica()];
      const dead = await holder.manager.acquire('k');
      holder.net.cut();
      const attempt = track(other.manager.tryAcquire('k'));
      await world.advance(STALE_MS - 1);
      expect(attempt.state).toBe('pending');
      await world.advance(POLL_MS);
      expect(attempt.value!.fencingToken).toBe(dead.fencingToken + 1);
      expect(dead.isHeld).toBe(false);
    });

    it('case 26: so do tries of which none waits for the key, however far apart (failure 21)', async () => {
      const [holder, other] = [fleet.replica(), fleet.replica()];
      await holder.manager.acquire('k');
      await world.advance(5000);
      const first = track(other.manager.tryAcquire('k'));
      await world.advance(3000);
      expect(first).toMatchObject({ state: 'resolved', value: null });
      holder.net.cut();
      expect(await other.manager.tryAcquire('k')).toBeNull();
      await world.advance(HOUR_MS);
      expect(await other.manager.tryAcquire('k')).not.toBeNull();
    });

    it.each([HOUR_MS, -HOUR_MS])(
      'case 27: a contender whose wall clock jumps by %d ms takes nothing',
      async ms => {
        const [holder, other] = [fleet.replica(), fleet.replica({ pollEvery: 100 })];
        const lease = await holder.manager.acquire('k');
        const waiting = track(other.manager.acquire('k', { wait: Infinity }));
        for (let jump = 0; jump < 4; jump++) {
          await world.advance(1500);
          other.clock.jumpWall(ms);
          await world.advance(1500);
          expect([waiting.state, lease.isHeld]).toEqual(['pending', true]);
        }
      },
    );

    it('case 27: a holder whose wall clock jumps ahead has lost its lease, one that is set back has not', async () => {
      const [ahead, behind] = [fleet.replica(), fleet.replica()];
      const [lost, kept] = [await ahead.manager.acquire('a'), await behind.manager.acquire('b')];
      ahead.clock.jumpWall(HOUR_MS);
      behind.clock.jumpWall(-HOUR_MS);
      expect(lost.isHeld).toBe(false);
      expect(ahead.told('lost')).toMatchObject([{ cause: 'clock-jump' }]);
      await world.advance(3 * TTL_MS);
      expect([kept.isHeld, behind.told('lost')]).toEqual([true, []]);
    });

    it('case 28: a version that changes at the last moment starts the observation anew', async () => {
      const [holder, other] = [fleet.replica({ renewEvery: false }), fleet.replica({ pollEvery: 1 })];
      const lease = await holder.manager.acquire('k');
      await world.advance(2000);
      const waiting = track(other.manager.acquire('k', { wait: Infinity }));
      await world.advance(TTL_MS - 2200);
      await lease.renew();
      await world.advance(STALE_MS - 1);
      expect(waiting.state).toBe('pending');
      await world.advance(20);
      expect(waiting.state).toBe('resolved');
    });

    it('case 28: what counts is the lease of the row, not that of the contender', async () => {
      const [holder, other] = [fleet.replica({ ttl: '1m' }), fleet.replica({ ttl: 1000, pollEvery: 100 })];
      const lease = await holder.manager.acquire('k');
      holder.net.cut();
      const waiting = track(other.manager.acquire('k', { wait: Infinity }));
      await world.advance(60_000);
      expect([waiting.state, lease.isHeld]).toEqual(['pending', false]);
      await world.advance(800);
      expect(waiting.state).toBe('resolved');
    });

    it('case 31: one waits for a lease and some time, no time at all, or until told to stop', async () => {
      const [holder, other] = [fleet.replica(), fleet.replica()];
      await holder.manager.acquire('k');
      const patient = track(other.manager.acquire('k'));
      await world.advance(STALE_MS + 998);
      expect(patient.state).toBe('pending');
      await world.advance(2);
      expect(patient).toMatchObject({
        error: { code: 'LOCK_TIMEOUT', waitedMs: expect.closeTo(STALE_MS + 1000) },
      });
      await expect(other.manager.acquire('k', { wait: false })).rejects.toMatchObject({ code: 'LOCK_HELD' });
    });
  });

  describe('heartbeats', () => {
    it('case 8: one that is refused ends the lease, once, and resurrects nothing (failure 20)', async () => {
      const { manager, net, told } = fleet.replica();
      const lease = await manager.acquire('k');
      const { signal } = lease;
      const theirs = foreign({ fencingToken: { N: String(lease.fencingToken) } });
      fleet.table.put(theirs);
      await world.advance(TTL_MS / 3 + 1);
      expect([signal.aborted, lease.isHeld]).toEqual([true, false]);
      expect(told('lost')).toMatchObject([{ cause: 'refused' }]);
      const sent = net.sent.length;
      await world.advance(3 * TTL_MS);
      await settled(lease.release());
      expect(told('lost')).toHaveLength(1);
      expect(net.sent.length - sent).toBeLessThanOrEqual(tellsOldItem ? 1 : 2);
      expect(fleet.row()).toEqual(theirs);
    });

    it('case 9: of a row that was deleted finds the lease lost, and makes no row', async () => {
      const { manager, told } = fleet.replica();
      const lease = await manager.acquire('k');
      fleet.table.rows.clear();
      await world.advance(TTL_MS / 3 + 1);
      expect([lease.isHeld, fleet.row()]).toEqual([false, undefined]);
      expect(told('lost')).toMatchObject([{ cause: 'refused' }]);
      await settled(lease.release());
      expect(fleet.row()).toBeUndefined();
      expect((await manager.acquire('k')).fencingToken).toBeGreaterThan(lease.fencingToken);
    });

    it('case 9: nor does one that is on its way when its row is deleted', async () => {
      const { manager, net, told } = fleet.replica();
      const lease = await manager.acquire('k');
      net.fault = () => ({ thereMs: 300, backMs: 300 });
      await world.advance(TTL_MS / 3 + 100);
      fleet.table.rows.clear();
      await world.advance(1500);
      expect([lease.isHeld, fleet.row(), told('lost').length]).toEqual([false, undefined, 1]);
    });

    it('case 10: one that hangs starves no other', async () => {
      const { manager, net } = fleet.replica();
      const [hung, ...others] = [
        await manager.acquire('hung'),
        await manager.acquire('b'),
        await manager.acquire('c'),
      ];
      net.fault = ({ key }) => (key === 'hung' ? 'lose-request' : undefined);
      await world.advance(TTL_MS);
      expect(hung.isHeld).toBe(false);
      await world.advance(3 * TTL_MS);
      expect(others.map(({ isHeld }) => isHeld)).toEqual([true, true]);
    });

    it('case 11: the danger zone is told once, under a cut as well (failure 17)', async () => {
      const { manager, net, told } = fleet.replica({ expiringAfter: 5000 });
      const lease = await manager.acquire('k');
      const heard: number[] = [];
      lease.onExpiring(remainingMs => heard.push(remainingMs));
      await world.advance(3 * TTL_MS);
      expect([lease.isExpiring, heard]).toEqual([false, []]);
      net.cut();
      await world.advance(TTL_MS / 3 + 5001);
      expect([lease.isExpiring, heard.length, told('expiring').length]).toEqual([true, 1, 1]);
      expect(lease.isHeld).toBe(true);
      net.heal();
      await world.advance(1000);
      expect([lease.isExpiring, lease.isHeld]).toEqual([false, true]);
      net.cut();
      await world.advance(TTL_MS);
      expect([lease.isHeld, heard.length, told('expiring').length, told('lost').length]).toEqual([
        false,
        1,
        1,
        1,
      ]);
    });

    it('case 11: it is never told of a lease that was released', async () => {
      const { manager, net, told } = fleet.replica({ expiringAfter: 5000 });
      const lease = await manager.acquire('k');
      net.cut();
      await world.advance(4900);
      void lease.release();
      await world.advance(2 * TTL_MS);
      expect([told('expiring'), lease.isExpiring]).toEqual([[], false]);
      net.heal();
    });

    it('case 12: a lease of less than two heartbeats is refused', async () => {
      const refusal = {
        code: 'LOCK_OPTIONS_INVALID',
        message: expect.stringContaining('renewEvery (5001 ms)'),
      };
      expect(() => fleet.replica({ renewEvery: 5001 })).toThrow(expect.objectContaining(refusal));
      const { manager } = fleet.replica({ renewEvery: 5000 });
      await expect(manager.acquire('k', { renewEvery: 5001 })).rejects.toMatchObject(refusal);
      expect(fleet.writes).toBe(0);
      const lease = await manager.acquire('k');
      await world.advance(3 * TTL_MS);
      expect(lease.isHeld).toBe(true);
    });

    it('case 20: off, the lease lasts as long as it is renewed by hand', async () => {
      const { manager, net } = fleet.replica({ renewEvery: false });
      const lease = await manager.acquire('k');
      for (let round = 0; round < 4; round++) {
        await world.advance(8000);
        await lease.renew();
        expect(lease.isHeld).toBe(true);
      }
      const sent = net.sent.length;
      expect(sent).toBe(5);
      await world.advance(TTL_MS);
      expect([lease.isHeld, net.sent.length]).toEqual([false, sent]);
      await expect(lease.renew()).rejects.toMatchObject({ code: 'LOCK_LOST' });
    });

    it('case 20: one by hand ensures a longer time, and never a shorter one', async () => {
      const [holder, other] = [fleet.replica({ renewEvery: false }), fleet.replica({ pollEvery: 50 })];
      const lease = await holder.manager.acquire('k');
      await lease.renew({ ttl: '1m' });
      await lease.renew({ ttl: 500 });
      const waiting = track(other.manager.acquire('k', { wait: Infinity }));
      await world.advance(59_000);
      expect([lease.isHeld, waiting.state]).toEqual([true, 'pending']);
      await world.advance(2000);
      expect([lease.isHeld, waiting.state]).toEqual([false, 'resolved']);
    });

    it('case 32: one whose reply is lost, or that is repeated, costs no lease (failure 18)', async () => {
      const [{ manager, net, told }, other] = [fleet.replica(), fleet.replica()];
      const lease = await manager.acquire('k');
      const waiting = track(other.manager.acquire('k', { wait: Infinity }));
      for (let round = 0; round < 6; round++) {
        net.failNext('lose-reply');
        await world.advance(TTL_MS / 2);
        expect([lease.isHeld, waiting.state]).toEqual([true, 'pending']);
      }
      expect(told('lost')).toEqual([]);
      expect(told('renewal-failed').length).toBeGreaterThan(3);
    });

    it('case 32: nor does any write that an SDK delivers twice (failure 18)', async () => {
      const { manager, net, told } = fleet.replica();
      net.fault = () => 'twice';
      const lease = await manager.acquire('k', { data: 'x' });
      await world.advance(3 * TTL_MS);
      await lease.renew({ data: 'y' });
      expect([lease.isHeld, told('lost'), told('renewal-failed')]).toEqual([true, [], []]);
      await lease.release();
      expect([isFlagged(), told('release-failed')]).toEqual([true, []]);
      expect((await manager.acquire('k')).fencingToken).toBe(lease.fencingToken + 1);
    });

    it('case 33: go on after a release and a new acquire, and end with each release (failure 16)', async () => {
      const { manager, net, clock } = fleet.replica();
      for (let cycle = 0; cycle < 3; cycle++) {
        const lease = await manager.acquire('k');
        await world.advance(3 * TTL_MS);
        expect(lease.isHeld).toBe(true);
        await lease.release();
      }
      const sent = net.sent.length;
      await world.advance(3 * TTL_MS);
      expect([net.sent.length, leftovers(manager), clock.armedTimers]).toEqual([sent, NOTHING, 0]);
    });

    it('case 34: under a cut the holder is told before anybody else is granted (failures 17, 19)', async () => {
      const [holder, other] = [fleet.replica(), fleet.replica({ pollEvery: 5 })];
      const { signal } = await holder.manager.acquire('k');
      holder.net.cut();
      const next = track(other.manager.acquire('k', { wait: Infinity }));
      await world.everyMs(STALE_MS + 50, () => {
        if (next.state === 'resolved') expect(signal.aborted).toBe(true);
      });
      expect(next.state).toBe('resolved');
    });
  });

  describe('release', () => {
    it('case 14: keeps the row, with all that is beside the lease', async () => {
      const [a, b] = [fleet.replica(), fleet.replica()];
      const lease = await a.manager.acquire('k', { data: 'x', attributes: { shard: 3 } });
      await lease.release();
      expect(fleet.row()).toMatchObject({ isReleased: { S: '1' }, shard: { N: '3' } });
      const next = await b.manager.acquire('k');
      expect([next.data, next.attributes]).toEqual(['x', { shard: 3 }]);
      expect(next.fencingToken).toBe(lease.fencingToken + 1);
    });

    it('case 14: deletes the row where it is to, and not that of the next holder', async () => {
      const rows = { deleteOnRelease: true };
      const [a, b] = [fleet.replica({ rows }), fleet.replica({ rows })];
      const lease = await a.manager.acquire('k', { data: 'x' });
      await lease.release();
      expect(fleet.row()).toBeUndefined();
      const stale = await a.manager.acquire('k');
      expect(stale.data).toBeUndefined();
      a.net.cut();
      const next = await settled(b.manager.acquire('k', { wait: Infinity }));
      a.net.heal();
      await settled(stale.release());
      expect(fleet.row()).toMatchObject({ fencingToken: { N: String(next.fencingToken) } });
      expect(next.fencingToken).toBeGreaterThan(stale.fencingToken);
    });

    it('case 35: repeated, it writes once; what is asked of the lease afterwards is refused', async () => {
      const { manager, told } = fleet.replica();
      const lease = await manager.acquire('k');
      await Promise.all([lease.release(), lease.release()]);
      await lease.release();
      expect([fleet.writes, told('released').length]).toEqual([2, 1]);
      await expect(lease.renew()).rejects.toMatchObject({ code: 'LOCK_RELEASED' });
      expect(() => lease.assertHeld()).toThrow(expect.objectContaining({ code: 'LOCK_RELEASED' }));
      expect(lease.isExpiring).toBe(false);
    });

    it('case 36: is as good as done where its reply is lost, and is repeated where it never arrived', async () => {
      const { manager, net } = fleet.replica();
      for (const fault of ['lose-reply', 'lose-request'] as const) {
        const lease = await manager.acquire('k');
        net.failNext(fault);
        await settled(lease.release());
        await world.advance(2000);
        expect(isFlagged()).toBe(true);
      }
    });

    it('case 19: close releases all despite one failure (failure 20)', async () => {
      const { manager, net, told } = fleet.replica();
      const keys = ['a', 'b', 'c', 'd'];
      for (const key of keys) await manager.acquire(key);
      net.fault = ({ key }) => (key === 'b' ? 'lose-request' : undefined);
      await settled(manager.close());
      expect(keys.filter(key => !isFlagged(key))).toEqual(['b']);
      expect(told('release-failed').every(({ key }) => key === 'b')).toBe(true);
      expect(told('release-failed').length).toBeGreaterThan(0);
    });

    it('case 19: close in the midst of an acquire leaks nothing, whenever it comes', async () => {
      const other = fleet.replica();
      for (let afterMs = 0; afterMs <= 120; afterMs += 10) {
        const key = `k${afterMs}`;
        const { manager, net, clock } = fleet.replica();
        if (afterMs % 20 === 0) fleet.table.put(foreign({ key: { S: key }, isReleased: { S: '1' } }));
        net.fault = () => ({ thereMs: 30, backMs: 30 });
        const attempt = track(manager.acquire(key));
        await world.advance(afterMs);
        await settled(manager.close());
        await world.advance(1000);
        if (attempt.state === 'rejected') expect(attempt.error.code).toBe('LOCK_MANAGER_CLOSED');
        expect([afterMs, attempt.state === 'pending', clock.armedTimers]).toEqual([afterMs, false, 0]);
        expect(leftovers(manager)).toEqual(NOTHING);
        expect(await other.manager.tryAcquire(key)).not.toBeNull();
      }
    });

    it('case 19: a closed manager acquires nothing and lets no waiter wait', async () => {
      const [holder, { manager }] = [fleet.replica(), fleet.replica()];
      await holder.manager.acquire('k');
      const waiting = track(manager.acquire('k', { wait: Infinity }));
      await world.advance(500);
      await settled(manager.close());
      expect(waiting).toMatchObject({ error: { code: 'LOCK_MANAGER_CLOSED' } });
      await expect(manager.acquire('other')).rejects.toMatchObject({ code: 'LOCK_MANAGER_CLOSED' });
    });
  });

  describe('data and attributes', () => {
    it.each([
      ['text', ''],
      ['bytes', new Uint8Array()],
    ])('case 15: empty %s is data, and not none', async (_, data) => {
      const [a, b] = [fleet.replica(), fleet.replica()];
      const lease = await a.manager.acquire('k', { data });
      expect(lease.data).toEqual(data);
      await lease.release();
      expect((await b.manager.acquire('k')).data).toEqual(data);
      expect(await a.manager.inspect('k')).toMatchObject({ data });
    });

    it('case 16: data is kept unless it is replaced or deleted at acquire, renew or release (failure 22)', async () => {
      const [a, b] = [fleet.replica(), fleet.replica()];
      const handedOn = async (
        by: FleetReplica,
        change: (lease: Lease) => Promise<unknown>,
        data?: string | null,
      ) => {
        const lease = await by.manager.acquire('k', { data });
        await change(lease);
        await lease.release();
        const record = await b.manager.inspect('k');
        return [lease.data, record?.data];
      };
      const kept = async (): Promise<void> => {};
      expect(await handedOn(a, kept, 'one')).toEqual(['one', 'one']);
      expect(await handedOn(b, kept)).toEqual(['one', 'one']);
      expect(await handedOn(a, kept, 'two')).toEqual(['two', 'two']);
      expect(await handedOn(b, kept, null)).toEqual([undefined, undefined]);
      expect(await handedOn(a, lease => lease.renew({ data: 'three' }))).toEqual(['three', 'three']);
      expect(await handedOn(b, lease => lease.renew())).toEqual(['three', 'three']);
      expect(await handedOn(a, lease => lease.renew({ data: null }))).toEqual([undefined, undefined]);
      expect(await handedOn(b, lease => lease.release({ data: 'four' }))).toEqual([undefined, 'four']);
      expect(await handedOn(a, lease => lease.release({ data: null }))).toEqual(['four', undefined]);
      expect(fleet.row()).not.toHaveProperty('data');
    });

    it('case 16: what a heartbeat would write that lands after the release is not written (failures 20, 22)', async () => {
      const { manager, net, told } = fleet.replica({ renewEvery: false });
      const lease = await manager.acquire('k', { data: 'first' });
      net.failNext({ thereMs: 3000 });
      const renewal = track(lease.renew({ data: 'late' }));
      await world.advance(500);
      await settled(lease.release({ data: 'last' }));
      const row = fleet.row();
      await world.advance(4000);
      expect([renewal.state, fleet.row()]).toEqual(['rejected', row]);
      expect((await manager.inspect('k'))?.data).toBe('last');
      expect(told('lost')).toEqual([]);
    });

    it('case 16: data outlives a dead holder and its heartbeats (failure 22)', async () => {
      const [holder, next] = [fleet.replica(), fleet.replica()];
      const lease = await holder.manager.acquire('k', { data: Uint8Array.of(1) });
      await lease.renew({ data: Uint8Array.of(2) });
      await world.advance(2 * TTL_MS);
      holder.net.cut();
      const taken = await settled(next.manager.acquire('k', { wait: Infinity }));
      expect(taken.data).toEqual(Uint8Array.of(2));
    });

    it('case 30: attributes are merged at acquire and renew, and handed on (failure 22)', async () => {
      const [a, b] = [fleet.replica(), fleet.replica()];
      const lease = await a.manager.acquire('k', { attributes: { shard: 1, region: 'eu' } });
      await lease.renew({ attributes: { shard: 2 } });
      await lease.release();
      const next = await b.manager.acquire('k', { attributes: { isHot: true } });
      expect(next.attributes).toEqual({ shard: 2, region: 'eu', isHot: true });
      expect(await a.manager.inspect('k')).toMatchObject({ attributes: next.attributes });
    });

    it.each([
      'key',
      'ownerName',
      'leaseDuration',
      'recordVersionNumber',
      'isReleased',
      'data',
      'fencingToken',
      'holder',
    ])('case 22: an attribute cannot be named %s', async name => {
      const { manager } = fleet.replica();
      const refusal = {
        code: 'LOCK_OPTIONS_INVALID',
        message: expect.stringContaining(`attributes.${name}`),
      };
      const attributes = { [name]: 'mine' };
      await expect(manager.acquire('k', { attributes })).rejects.toMatchObject(refusal);
      const lease = await manager.acquire('k');
      await expect(lease.renew({ attributes })).rejects.toMatchObject(refusal);
      expect(fleet.writes).toBe(1);
    });

    it('case 22: nor by the names that the keys of the table have', async () => {
      const rows = { partitionKey: 'id', sortKey: { name: 'kind', value: 'lock' } };
      const { manager } = fleet.replica({ rows });
      for (const name of ['id', 'kind'])
        await expect(manager.acquire('k', { attributes: { [name]: 'mine' } })).rejects.toMatchObject({
          code: 'LOCK_OPTIONS_INVALID',
        });
      expect(fleet.writes).toBe(0);
    });

    it('case 21: the owner name is what other clients see, and identifies nobody', async () => {
      const rows = { ownerName: 'orders-1' };
      const [a, b] = [fleet.replica({ rows }), fleet.replica({ rows })];
      const stale = await a.manager.acquire('k');
      expect(fleet.row()!.ownerName).toEqual({ S: 'orders-1' });
      expect(await settled(b.manager.acquire('k', { wait: 100 }).catch(({ code }) => code))).toBe(
        'LOCK_TIMEOUT',
      );
      a.net.cut();
      const taken = await settled(b.manager.acquire('k', { wait: Infinity }));
      a.net.heal();
      await settled(stale.release());
      await world.advance(TTL_MS);
      expect([taken.isHeld, isFlagged(), fleet.row()!.ownerName!.S]).toEqual([true, false, 'orders-1']);
    });
  });

  describe('looking', () => {
    it('case 18: inspect writes nothing, and neither renews nor releases', async () => {
      const [holder, other] = [fleet.replica({ renewEvery: false }), fleet.replica({ pollEvery: 10 })];
      const lease = await holder.manager.acquire('k', { data: 'x' });
      const [row, writes] = [fleet.row(), fleet.writes];
      const waiting = track(other.manager.acquire('k', { wait: Infinity }));
      for (let ms = 0; ms < STALE_MS - 100; ms += 1000) {
        const record = await other.manager.inspect('k');
        expect(record).toMatchObject({
          isHeld: true,
          owner: lease.owner,
          data: 'x',
          holder: expect.anything(),
        });
        expect(Object.values(record!).filter(value => typeof value === 'function')).toEqual([]);
        expect(fleet.row()).toEqual(row);
        await world.advance(1000);
      }
      // The first look of who waits is a write that is refused.
      expect(fleet.writes - writes).toBeLessThanOrEqual(2);
      await world.advance(200);
      expect(waiting.state).toBe('resolved');
    });

    it('case 18: shows what is kept beside a free key, and nothing of one of which nothing is', async () => {
      const { manager } = fleet.replica();
      await (await manager.acquire('k', { data: 'x' })).release();
      const { writes } = fleet;
      expect(await manager.inspect('k')).toEqual({
        key: 'k',
        isHeld: false,
        data: 'x',
        attributes: undefined,
      });
      expect(await manager.inspect('absent')).toBeNull();
      fleet.table.put(foreign({ isReleased: { S: '1' } }));
      expect(await manager.inspect('k')).toBeNull();
      fleet.table.put(foreign());
      expect(await manager.inspect('k')).toMatchObject({ isHeld: true, owner: 'somebody' });
      expect([fleet.writes, fleet.row()]).toEqual([writes, foreign()]);
    });

    it('case 23: mustExist makes no row, and takes one that is released, or whose holder is dead', async () => {
      const [a, b] = [fleet.replica(), fleet.replica()];
      const absent = { code: 'LOCK_KEY_ABSENT', key: 'k' };
      await expect(a.manager.acquire('k', { mustExist: true })).rejects.toMatchObject(absent);
      await expect(a.manager.tryAcquire('k', { mustExist: true })).rejects.toMatchObject(absent);
      expect(fleet.row()).toBeUndefined();
      fleet.table.put(foreign({ isReleased: { S: '1' } }));
      const lease = await a.manager.acquire('k', { mustExist: true });
      a.net.cut();
      const taken = await settled(b.manager.acquire('k', { mustExist: true, wait: Infinity }));
      expect(taken.fencingToken).toBe(lease.fencingToken + 1);
    });

    it('case 24: list shows the keys with a prefix, page by page, and what others keep there', async () => {
      const { manager } = fleet.replica();
      for (let n = 0; n < 8; n++) await manager.acquire(`order:${n}`);
      await manager.acquire('invoice:1');
      await (await manager.acquire('order:free')).release();
      await (await manager.acquire('order:kept', { data: 'x' })).release();
      fleet.table.put(foreign({ key: { S: 'order:theirs' } }));
      const { writes } = fleet;
      const found = new Map<string, boolean>();
      for await (const { key, isHeld } of manager.list('order:')) found.set(key, isHeld);
      const held = [...Array.from({ length: 8 }, (_, n) => `order:${n}`), 'order:theirs'];
      expect(found).toEqual(new Map([...held.map(key => [key, true] as const), ['order:kept', false]]));
      expect(fleet.writes).toBe(writes);
    });
  });

  describe('around the work', () => {
    it('case 29: holdAtLeast keeps the key from everybody, and no longer', async () => {
      const [holder, ...others] = [fleet.replica(), fleet.replica(), fleet.replica()];
      let runs = 0;
      await holder.manager.withLock('k', { holdAtLeast: '30s' }, () => void runs++);
      const early = track(others[0].manager.withLock('k', { wait: Infinity }, () => void runs++));
      expect(await settled(others[1].manager.tryAcquire('k'))).toBeNull();
      await world.advance(29_900);
      expect([early.state, runs]).toEqual(['pending', 1]);
      await world.advance(POLL_MS + 100);
      expect([early.state, runs]).toEqual(['resolved', 2]);
    });

    it('case 29: nor from those who look for the first time shortly before', async () => {
      const [holder, other] = [fleet.replica(), fleet.replica()];
      await holder.manager.withLock('k', { holdAtLeast: '30s' }, () => undefined);
      await world.advance(29_000);
      const next = track(other.manager.acquire('k', { wait: Infinity }));
      await world.advance(900);
      expect(next.state).toBe('pending');
      await world.advance(100 + POLL_MS);
      expect(next.state).toBe('resolved');
    });

    it('case 29: a keeper that dies keeps it from nobody for ever', async () => {
      const [holder, other] = [fleet.replica(), fleet.replica()];
      await holder.manager.withLock('k', { holdAtLeast: '30s' }, () => undefined);
      holder.net.cut();
      const next = track(other.manager.acquire('k', { wait: Infinity }));
      await world.advance(30_000);
      expect(next.state).toBe('pending');
      await world.advance(300 + POLL_MS);
      expect(next.state).toBe('resolved');
    });

    it('case 37: a key that this chain of calls holds is joined, not waited for', async () => {
      const { manager } = fleet.replica();
      const tokens = await manager.withLock('k', outer =>
        manager.withLock('k', { ifNested: 'join' }, inner => [outer.fencingToken, inner.fencingToken]),
      );
      expect(tokens[0]).toBe(tokens[1]);
      const nested = manager.withLock('k', () => manager.withLock('k', () => undefined));
      await expect(nested).rejects.toMatchObject({ code: 'LOCK_SELF_DEADLOCK' });
      expect(fleet.writes).toBe(4);
    });
  });
});

describe.each([true, false])('ported cases about key names, old row told: %s', tellsOldItem => {
  describe('with a sort key', () => {
    const fleet = useFleet({ sortKey: 'sort', tellsOldItem });
    const { world } = fleet;
    const at = (value: string): FleetReplica => fleet.replica({ rows: { sortKey: { name: 'sort', value } } });
    const rowAt = (key: string, sort: string): Item | undefined =>
      fleet.table.rows.get(JSON.stringify([key, sort]));

    it('case 17: sort keys isolate: holders, heartbeats, releases and data of one are nothing to another', async () => {
      const [a, b, rival] = [at('a'), at('b'), at('b')];
      const ofA = await a.manager.acquire('k', { data: 'of a' });
      const ofB = await b.manager.acquire('k');
      expect(ofB.data).toBeUndefined();
      const waiting = track(rival.manager.acquire('k', { wait: Infinity }));
      await world.advance(2 * TTL_MS);
      await ofA.release();
      await world.advance(2 * TTL_MS);
      expect([ofB.isHeld, waiting.state]).toEqual([true, 'pending']);
      expect(rowAt('k', 'a')).toMatchObject({ isReleased: { S: '1' }, sort: { S: 'a' } });
      expect(await a.manager.inspect('k')).toMatchObject({ isHeld: false, data: 'of a' });
    });

    it('case 17: ("a", "bc") is not ("ab", "c")', async () => {
      const [one, two] = [at('bc'), at('c')];
      const leases = [await one.manager.acquire('a'), await two.manager.acquire('ab')];
      await world.advance(2 * TTL_MS);
      await leases[0]!.release();
      await world.advance(2 * TTL_MS);
      expect(leases.map(({ isHeld }) => isHeld)).toEqual([false, true]);
      expect([...fleet.table.rows.keys()]).toEqual([
        JSON.stringify(['a', 'bc']),
        JSON.stringify(['ab', 'c']),
      ]);
    });

    it('case 24: list shows the rows of its own sort key only', async () => {
      const [a, b] = [at('a'), at('b')];
      for (const key of ['x', 'y']) await a.manager.acquire(key);
      await b.manager.acquire('z');
      fleet.table.put({ key: { S: 'config' }, sort: { S: 'not-a-lock' }, value: { N: '1' } });
      const keys: string[] = [];
      for await (const { key } of a.manager.list()) keys.push(key);
      expect(keys.sort()).toEqual(['x', 'y']);
    });
  });

  describe('with namespaces', () => {
    const fleet = useFleet({ tellsOldItem });
    const at = (namespace: string): FleetReplica => fleet.replica({ rows: { namespace } });

    it('case 25: a namespace is put before each key, and is nothing to its users', async () => {
      const { manager } = at('shop/');
      const lease = await manager.acquire('k', { data: 'x' });
      expect(fleet.row('shop/k')).toMatchObject({ ownerName: { S: lease.owner } });
      expect(await manager.inspect('k')).toMatchObject({ key: 'k', isHeld: true });
      const other = at('bank/');
      expect(await other.manager.tryAcquire('k')).not.toBeNull();
      const keys: string[] = [];
      for await (const { key } of manager.list()) keys.push(key);
      expect([lease.key, ...keys]).toEqual(['k', 'k']);
      await lease.release();
      expect(fleet.row('bank/k')).not.toHaveProperty('isReleased');
    });

    it('case 25: it is literal, so that two that make the same text mean the same row', async () => {
      const [ab, a] = [at('ab'), at('a')];
      await ab.manager.acquire('c');
      expect(await fleet.world.until(a.manager.tryAcquire('bc'))).toBeNull();
    });
  });

  describe('with keys by other names', () => {
    const fleet = useFleet(
      { partitionKey: 'name', sortKey: 'type', tellsOldItem },
      { partitionKey: 'name', sortKey: { name: 'type', value: 'lock' } },
    );

    it('case 38: the names of both keys are those that the table has, also where DynamoDB reserves them', async () => {
      const [a, b] = [fleet.replica(), fleet.replica()];
      const lease = await a.manager.acquire('k');
      const row = [...fleet.table.rows.values()][0];
      expect(row).toMatchObject({ name: { S: 'k' }, type: { S: 'lock' } });
      expect(row).not.toHaveProperty('key');
      const next = track(b.manager.acquire('k', { wait: Infinity }));
      await fleet.world.advance(2 * TTL_MS);
      expect(next.state).toBe('pending');
      await lease.release();
      await fleet.world.advance(POLL_MS);
      expect(next.state).toBe('resolved');
    });
  });
});
