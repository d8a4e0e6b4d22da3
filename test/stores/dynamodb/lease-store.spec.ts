import { describe, expect, it } from '@jest/globals';
import { DynamoDbLeaseStore } from '../../../lib/stores/dynamodb/dynamodb-lease-store.js';
import type { RowClient } from '../../../lib/stores/dynamodb/row-client.js';
import { VirtualClock } from '../../../lib/testing/index.js';
import { DynamoDbTable } from '../../support/dynamodb-table.js';
import { call } from '../../support/fixtures.js';
import { HOLDER, resolved, setUp } from './lease-fixtures.js';

/** The lease of 1 s, the drift of two clocks over it, and their resolution. */
const TAKE_OVER_MS = 1012;

describe('what a lease costs', () => {
  it('is 2 writes for an uncontended cycle, and 1 more for each renewal', async () => {
    const { table, store, grant } = setUp();
    for (let cycle = 0; cycle < 10; cycle++) {
      const { fencingToken } = await grant({ owner: `o${cycle}` });
      const mine = { key: 'k', owner: `o${cycle}`, fencingToken };
      await store.renew({ ...mine, ttlMs: 1000, sentAt: 1, sequence: 1 }, call);
      await store.release(mine, call);
    }
    expect(table.arrived).toEqual({ writes: 30, reads: 0, scans: 0 });
  });

  it('is 1 write to see that a key is held, and from then on 1 read per poll', async () => {
    const { clock, table, acquire, open } = setUp();
    await acquire({ ttlMs: 60_000 });
    const other = open();
    for (let poll = 0; poll < 20; poll++) {
      await acquire({ owner: 'other' }, other);
      await clock.advance(500);
    }
    expect(table.arrived).toEqual({ writes: 2, reads: 19, scans: 0 });
  });

  it('is that of an uncontended cycle again once a contended key has been granted', async () => {
    const { table, store, acquire, open } = setUp();
    await acquire({ ttlMs: 60_000 }, open());
    await acquire({ owner: 'other' });
    await store.release({ key: 'k', owner: 'me' }, call);
    await acquire({ owner: 'other' });
    await store.release({ key: 'k', owner: 'other' }, call);
    const before = { ...table.arrived };
    await acquire({ owner: 'again' });
    expect(table.arrived).toEqual({ ...before, writes: before.writes + 1 });
  });

  it('is 1 read more for a refused write where the service does not tell of the row', async () => {
    const { table, acquire } = setUp({}, { tellsOldItem: false });
    await acquire();
    expect(await acquire({ owner: 'other' })).toMatchObject({ kind: 'held', owner: 'me' });
    expect(table.arrived).toEqual({ writes: 2, reads: 1, scans: 0 });
  });
});

describe('take-over', () => {
  it('comes once the version has not changed for its lease, counted from when it was first seen', async () => {
    const { clock, acquire, grant, open } = setUp();
    const dead = await grant();
    await clock.advance(900);
    const other = open();
    expect(await acquire({ owner: 'other' }, other)).toEqual({
      kind: 'held',
      owner: 'me',
      holder: undefined,
      freeInMs: TAKE_OVER_MS,
      mayBeDead: true,
    });
    await clock.advance(TAKE_OVER_MS - 1);
    expect(await acquire({ owner: 'other' }, other)).toMatchObject({ kind: 'held' });
    await clock.advance(1);
    const { fencingToken } = await grant({ owner: 'other' }, other);
    expect(fencingToken).toBe(dead.fencingToken + 1);
  });

  it('counts from after the reply that showed the version', async () => {
    const delays = { there: 0, back: 0 };
    const { clock, acquire, grant } = setUp({}, { delaysMs: () => delays });
    await grant();
    delays.back = 700;
    await clock.until(acquire({ owner: 'other' }));
    delays.back = 0;
    await clock.advance(TAKE_OVER_MS - 1);
    expect(await acquire({ owner: 'other' })).toMatchObject({ kind: 'held', freeInMs: 1 });
  });

  it('is not put off to the next poll where the lease ends during the read', async () => {
    const delays = { there: 0, back: 0 };
    const { clock, acquire } = setUp({}, { delaysMs: () => delays });
    await acquire();
    await acquire({ owner: 'other' });
    await clock.advance(TAKE_OVER_MS - 50);
    delays.back = 60;
    expect(await clock.until(acquire({ owner: 'other' }))).toMatchObject({ kind: 'granted' });
  });

  it('needs no waiter: whoever asks now and then takes a dead key, with one write', async () => {
    const { clock, table, acquire } = setUp();
    await acquire();
    for (const owner of ['a', 'b']) expect(await acquire({ owner })).toMatchObject({ kind: 'held' });
    await clock.advance(3_600_000);
    const before = { ...table.arrived };
    expect(await acquire({ owner: 'c' })).toMatchObject({ kind: 'granted' });
    expect(table.arrived).toEqual({ ...before, writes: before.writes + 1 });
  });

  it('spares a holder that renews, for as long as it does', async () => {
    const { clock, store, acquire, grant, open } = setUp();
    const { fencingToken } = await grant();
    const other = open();
    let changes = 0;
    for (let sequence = 1; sequence <= 12; sequence++) {
      await clock.advance(300);
      const sentAt = clock.monotonicMs();
      await store.renew({ key: 'k', owner: 'me', fencingToken, ttlMs: 1000, sentAt, sequence }, call);
      const outcome = await acquire({ owner: 'other' }, other);
      expect(outcome).toMatchObject({ kind: 'held', freeInMs: TAKE_OVER_MS });
      if (outcome.kind === 'held' && outcome.mayBeDead !== true) changes++;
    }
    expect(changes).toBe(11);
  });

  it('is refused where the holder renewed at the last moment', async () => {
    const { clock, table, store, acquire, grant, open } = setUp();
    const { fencingToken } = await grant();
    const other = open();
    await acquire({ owner: 'other' }, other);
    await clock.advance(TAKE_OVER_MS);
    await store.renew({ key: 'k', owner: 'me', fencingToken, ttlMs: 1000, sentAt: 5, sequence: 1 }, call);
    expect(await acquire({ owner: 'other' }, other)).toEqual({
      kind: 'held',
      owner: 'me',
      holder: undefined,
      freeInMs: TAKE_OVER_MS,
    });
    expect(table.row('k')?.ownerName).toEqual({ S: 'me' });
  });

  it('goes by the lease of the record, not by that of whoever asks', async () => {
    const { clock, acquire } = setUp();
    await acquire({ ttlMs: 10_000 });
    await acquire({ owner: 'other', ttlMs: 50 });
    await clock.advance(5000);
    expect(await acquire({ owner: 'other', ttlMs: 50 })).toMatchObject({ kind: 'held', freeInMs: 5102 });
  });

  it('is not brought about by a jump of the wall clock', async () => {
    const { clock, acquire } = setUp();
    await acquire();
    await acquire({ owner: 'other' });
    for (const jumpMs of [3_600_000, -7_200_000]) {
      clock.jumpWall(jumpMs);
      expect(await acquire({ owner: 'other' })).toMatchObject({ kind: 'held', freeInMs: TAKE_OVER_MS });
    }
  });

  it('of many contenders succeeds for one', async () => {
    const { clock, acquire, open } = setUp();
    await acquire();
    const others = Array.from({ length: 20 }, open);
    await Promise.all(others.map((other, n) => acquire({ owner: `o${n}` }, other)));
    await clock.advance(TAKE_OVER_MS);
    const outcomes = await Promise.all(others.map((other, n) => acquire({ owner: `o${n}` }, other)));
    expect(outcomes.filter(({ kind }) => kind === 'granted')).toHaveLength(1);
    const owners = outcomes.flatMap(outcome => (outcome.kind === 'held' ? [outcome.owner] : []));
    expect(new Set(owners).size).toBe(1);
  });
});

describe('an acquire whose reply was lost', () => {
  it('is granted as of the attempt that the row holds', async () => {
    const { clock, table, acquire, grant } = setUp();
    await acquire({ sentAt: 100, data: 'first', holder: HOLDER });
    await clock.advance(400);
    const again = await grant({ sentAt: 500, data: 'second' });
    expect(again).toMatchObject({ sentAt: 100, data: 'first' });
    expect(table.row('k')?.recordVersionNumber).toEqual({ S: 'me:0000000000000000:100' });
  });

  it('is counted anew once half of its lease is over', async () => {
    const { table, acquire, grant } = setUp();
    const first = await grant({ sentAt: 100, data: 'first', attributes: { n: 1 } });
    const again = await grant({ sentAt: 600 });
    expect(again).toEqual({ ...first, sentAt: 600 });
    expect(table.row('k')?.recordVersionNumber).toEqual({ S: 'me:0000000000000000:600' });
    expect(await acquire({ owner: 'other' })).toMatchObject({ kind: 'held', freeInMs: TAKE_OVER_MS });
  });

  it('keeps a longer lease when it is counted anew', async () => {
    const { table, acquire } = setUp();
    await acquire({ sentAt: 0, ttlMs: 20_000 });
    await acquire({ sentAt: 600, ttlMs: 1000 });
    expect(table.row('k')).toMatchObject({ leaseDuration: { S: '20s' } });
  });

  it('is never believed to last longer than its row says', async () => {
    const { grant } = setUp();
    await grant({ sentAt: 1000, ttlMs: 1000 });
    expect((await grant({ sentAt: 1000, ttlMs: 1400 })).sentAt).toBe(600);
    expect((await grant({ sentAt: 1000, ttlMs: 4000 })).sentAt).toBe(1000);
    expect((await grant({ sentAt: 1100, ttlMs: 4000 })).sentAt).toBe(1000);
  });

  it('is as good as before where a renewal of the same owner came between', async () => {
    const { clock, table, acquire, grant, store } = setUp({}, { delaysMs: () => ({ there: 10, back: 10 }) });
    const first = await clock.until(grant({ sentAt: 0 }));
    const asking = acquire({ sentAt: 900 });
    await clock.advance(21);
    // The attempt has been refused, and is on its way to be counted anew.
    const { fencingToken } = first;
    table.rows.get('["k"]')!.recordVersionNumber = { S: 'me:0000000000000001:905' };
    expect(await clock.until(asking)).toEqual({ ...first, sentAt: 905 });
    const renewal = { key: 'k', owner: 'me', fencingToken, ttlMs: 1000, sentAt: 910, sequence: 2 };
    expect(await clock.until(store.renew(renewal, call))).toEqual({ kind: 'renewed', sentAt: 910 });
  });

  it('answers that the key is held where it was released meanwhile', async () => {
    const { clock, table, acquire } = setUp({}, { delaysMs: () => ({ there: 10, back: 10 }) });
    await clock.until(acquire({ sentAt: 0 }));
    const asking = acquire({ sentAt: 900 });
    await clock.advance(21);
    table.rows.get('["k"]')!.isReleased = { S: '1' };
    expect(await clock.until(asking)).toEqual({ kind: 'held', freeInMs: 0 });
  });

  it('shows its owner to others, who can release it by that', async () => {
    const { clock, store, acquire } = setUp({}, { delaysMs: () => ({ there: 100, back: 0 }) });
    const controller = new AbortController();
    const request = { key: 'k', owner: 'abandoned', ttlMs: 1000, sentAt: 0 };
    const aborted = store.acquire(request, { timeoutMs: 50, signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
    await clock.advance(100);
    expect(await clock.until(acquire())).toMatchObject({ kind: 'held', owner: 'abandoned' });
    const release = store.release({ key: 'k', owner: 'abandoned' }, call);
    expect(await clock.until(release)).toEqual({ kind: 'released' });
    expect(await clock.until(acquire())).toMatchObject({ kind: 'granted' });
  });
});

describe('a renewal', () => {
  const renewal = { key: 'k', owner: 'me', ttlMs: 1000 };

  it('that was delayed is refused by the service once a newer one was applied', async () => {
    const { table, store, grant } = setUp();
    const { fencingToken } = await grant();
    const mine = { ...renewal, fencingToken };
    await store.renew({ ...mine, sentAt: 200, sequence: 2, ttlMs: 9000, data: 'newer' }, call);
    const before = table.row('k');
    const late = await store.renew({ ...mine, sentAt: 100, sequence: 1, data: 'older' }, call);
    expect(late).toEqual({ kind: 'renewed', sentAt: 200 });
    expect(table.row('k')).toEqual(before);
  });

  it('that was overtaken by a shorter one is not believed to last longer', async () => {
    const { store, grant } = setUp();
    const { fencingToken } = await grant();
    const mine = { ...renewal, fencingToken };
    await store.renew({ ...mine, sentAt: 200, sequence: 2, ttlMs: 1000 }, call);
    const late = await store.renew({ ...mine, sentAt: 100, sequence: 1, ttlMs: 60_000 }, call);
    expect(late).toEqual({ kind: 'renewed', sentAt: 200 - 59_000 });
  });

  it('that is delivered twice is one', async () => {
    const { table, store, grant } = setUp();
    const { fencingToken } = await grant();
    const request = { ...renewal, fencingToken, sentAt: 100, sequence: 1, data: 'x' };
    const answers = [await store.renew(request, call), await store.renew(request, call)];
    expect(answers).toEqual(Array(2).fill({ kind: 'renewed', sentAt: 100 }));
    expect(table.arrived).toEqual({ writes: 3, reads: 0, scans: 0 });
  });

  it('of a row that was deleted finds the lease lost', async () => {
    const { table, store, grant } = setUp();
    const { fencingToken } = await grant();
    table.rows.clear();
    const request = { ...renewal, fencingToken, sentAt: 100, sequence: 1 };
    expect(await store.renew(request, call)).toEqual({ kind: 'not-held' });
    expect(table.rows.size).toBe(0);
  });
});

describe('a release', () => {
  it('leaves all of the row but the holder and the version', async () => {
    const { table, store, grant } = setUp();
    const { fencingToken } = await grant({ holder: HOLDER, data: 'x', attributes: { n: 1 } });
    const { holder: _, ...rest } = table.row('k')!;
    await store.release({ key: 'k', owner: 'me', fencingToken }, call);
    const recordVersionNumber = { S: `me:~released:${fencingToken}` };
    expect(table.row('k')).toEqual({ ...rest, recordVersionNumber, isReleased: { S: '1' } });
  });

  it('that is repeated is answered as before', async () => {
    const { store, grant } = setUp();
    const { fencingToken } = await grant();
    for (const token of [fencingToken, fencingToken, undefined])
      expect(await store.release({ key: 'k', owner: 'me', fencingToken: token }, call)).toEqual({
        kind: 'released',
      });
  });

  it('does not undo what a newer request has written, and frees the key all the same', async () => {
    const { table, store, grant } = setUp();
    const { fencingToken } = await grant();
    const mine = { key: 'k', owner: 'me', fencingToken };
    await store.renew({ ...mine, ttlMs: 1000, sentAt: 1, sequence: 2, data: 'newer' }, call);
    expect(await store.release({ ...mine, sequence: 1, data: 'older' }, call)).toEqual({ kind: 'released' });
    expect(await store.inspect('k', call)).toMatchObject({ isHeld: false, data: 'newer' });
    expect(table.arrived.writes).toBe(4);
  });

  it('of a lease that was revoked still writes', async () => {
    const { store, grant } = setUp();
    const { fencingToken } = await grant();
    const mine = { key: 'k', owner: 'me', fencingToken };
    await store.renew({ ...mine, ttlMs: 1000, sentAt: 1, sequence: 1, data: 'checkpoint 1' }, call);
    await store.revoke({ key: 'k', fencingToken }, call);
    const released = await store.release({ ...mine, sequence: 2, data: 'checkpoint 2' }, call);
    expect(released).toEqual({ kind: 'released' });
    expect(await store.inspect('k', call)).toMatchObject({ isHeld: false, data: 'checkpoint 2' });
  });

  it('succeeds for a lease that is over but was not taken', async () => {
    const { clock, store, grant } = setUp();
    const { fencingToken } = await grant();
    await clock.advance(10_000);
    const released = await store.release({ key: 'k', owner: 'me', fencingToken }, call);
    expect(released).toEqual({ kind: 'released' });
  });

  it('gives up on a row that keeps changing', async () => {
    const { table, store, grant } = setUp({}, { tellsOldItem: false });
    const { fencingToken } = await grant();
    const row = table.rows.get('["k"]')!;
    let changes = 0;
    Object.defineProperty(row, 'recordVersionNumber', {
      enumerable: true,
      get: () => ({ S: `me:~revoked:0000000000000000:${(changes += 1)}` }),
    });
    const release = store.release({ key: 'k', owner: 'me', fencingToken, sequence: 1, data: 'x' }, call);
    await expect(release).rejects.toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: true });
  });
});

describe('a key that is kept', () => {
  it('is not that of a dead holder, and free for its keeper at the second release', async () => {
    const { store, acquire, grant } = setUp();
    const { fencingToken } = await grant();
    const mine = { key: 'k', owner: 'me', fencingToken };
    await store.release({ ...mine, keepForMs: 5000 }, call);
    expect(await acquire({ owner: 'other' })).toEqual({
      kind: 'held',
      owner: undefined,
      holder: undefined,
      freeInMs: 5052,
    });
    expect(await store.release(mine, call)).toEqual({ kind: 'released' });
    expect(await acquire({ owner: 'other' })).toMatchObject({ kind: 'granted' });
  });

  it('may be that of a dead keeper once it should have been freed, by whatever wall clock', async () => {
    const { clock, store, acquire, grant, open } = setUp();
    const { fencingToken } = await grant();
    await store.release({ key: 'k', owner: 'me', fencingToken, keepForMs: 5000 }, call);
    clock.jumpWall(5000);
    const late = open();
    expect(await acquire({ owner: 'other' }, late)).toMatchObject({ mayBeDead: true, freeInMs: 5052 });
    await clock.advance(5052);
    expect(await acquire({ owner: 'other', onlyIfDead: true }, late)).toMatchObject({ kind: 'granted' });
  });

  it('is not kept longer by a repeated request', async () => {
    const { table, store, grant } = setUp();
    const { fencingToken } = await grant();
    const kept = { key: 'k', owner: 'me', fencingToken, keepForMs: 5000 };
    await store.release(kept, call);
    const before = table.row('k');
    expect(await store.release({ ...kept, keepForMs: 9000 }, call)).toEqual({ kind: 'released' });
    expect(table.row('k')).toEqual(before);
  });

  it('ends by being watched, should its keeper die', async () => {
    const { clock, store, acquire, grant } = setUp();
    const { fencingToken } = await grant({ ttlMs: 60_000 });
    await store.release({ key: 'k', owner: 'me', fencingToken, keepForMs: 1000 }, call);
    await acquire({ owner: 'other' });
    await clock.advance(TAKE_OVER_MS);
    expect(await acquire({ owner: 'other' })).toMatchObject({ kind: 'granted' });
  });

  it('is watched from its beginning each time it is kept', async () => {
    const { clock, store, acquire, grant, open } = setUp();
    const other = open();
    for (let round = 0; round < 2; round++) {
      const { fencingToken } = await grant({ sentAt: round });
      const mine = { key: 'k', owner: 'me', fencingToken };
      await store.release({ ...mine, keepForMs: 1000 }, call);
      expect(await acquire({ owner: 'other' }, other)).toMatchObject({
        kind: 'held',
        freeInMs: TAKE_OVER_MS,
      });
      await clock.advance(900);
      await store.release(mine, call);
    }
  });
});

describe('revoke', () => {
  it('by force says that it has freed the row, also when its first delivery did', async () => {
    const { clock, table, grant } = setUp();
    const { fencingToken } = await grant();
    const client: RowClient = Object.assign(Object.create(table) as RowClient, {
      update: async (...args: Parameters<RowClient['update']>) => {
        await table.update(...args);
        return table.update(...args);
      },
    });
    const store = new DynamoDbLeaseStore(resolved(), { client, clock });
    expect(await store.revoke({ key: 'k', fencingToken, force: true }, call)).toBe(true);
    expect(await store.revoke({ key: 'k', fencingToken, force: true }, call)).toBe(false);
  });

  it('has contenders watch the row anew, so that its holder knows first', async () => {
    const { clock, store, acquire, grant } = setUp();
    const { fencingToken } = await grant();
    await acquire({ owner: 'other' });
    await clock.advance(TAKE_OVER_MS - 1);
    await store.revoke({ key: 'k', fencingToken }, call);
    expect(await acquire({ owner: 'other' })).toMatchObject({ kind: 'held', freeInMs: TAKE_OVER_MS });
  });

  it('that is repeated frees nothing, unless by force', async () => {
    const { table, store, grant } = setUp();
    const { fencingToken } = await grant();
    await store.revoke({ key: 'k', fencingToken }, call);
    const before = table.row('k');
    expect(await store.revoke({ key: 'k', fencingToken }, call)).toBe(true);
    expect(table.row('k')).toEqual(before);
    expect(await store.revoke({ key: 'k', fencingToken, force: true }, call)).toBe(true);
    expect(table.row('k')).toMatchObject({ isReleased: { S: '1' } });
  });

  it('leaves a row of another client alone', async () => {
    const { table, store, grant } = setUp();
    const { fencingToken } = await grant();
    table.put({ ...table.row('k')!, recordVersionNumber: { S: 'foreign' }, ownerName: { S: 'go' } });
    const before = table.row('k');
    for (const force of [false, true])
      expect(await store.revoke({ key: 'k', fencingToken, force }, call)).toBe(false);
    expect(table.row('k')).toEqual(before);
  });

  it('gives up on a row that keeps changing', async () => {
    const clock = new VirtualClock();
    const table = new DynamoDbTable();
    const store = new DynamoDbLeaseStore(resolved(), { client: table, clock });
    const granted = await store.acquire({ key: 'k', owner: 'me', ttlMs: 1000, sentAt: 0 }, call);
    const { fencingToken } = granted as { fencingToken: number };
    let sequence = 0;
    const busy: RowClient = {
      ...{ delete: null as never, scan: null as never, close: () => {} },
      get: input => table.get(input, call),
      update: async input => {
        sequence += 1;
        await store.renew({ key: 'k', owner: 'me', fencingToken, ttlMs: 1000, sentAt: 0, sequence }, call);
        return table.update(input, call);
      },
    };
    const revoked = new DynamoDbLeaseStore(resolved(), { client: busy, clock }).revoke(
      { key: 'k', fencingToken },
      call,
    );
    await expect(revoked).rejects.toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: true });
  });
});

describe('mustExist', () => {
  it('is absent where there is no row, and writes none', async () => {
    const { table, acquire } = setUp();
    expect(await acquire({ mustExist: true })).toEqual({ kind: 'absent' });
    expect(table.rows.size).toBe(0);
  });

  it('acquires a released row, waits for a held one, and takes a dead one over', async () => {
    const { clock, store, acquire } = setUp();
    await acquire();
    await store.release({ key: 'k', owner: 'me' }, call);
    expect(await acquire({ owner: 'a', mustExist: true })).toMatchObject({ kind: 'granted' });
    expect(await acquire({ owner: 'b', mustExist: true })).toMatchObject({ kind: 'held' });
    await clock.advance(TAKE_OVER_MS);
    expect(await acquire({ owner: 'b', mustExist: true })).toMatchObject({ kind: 'granted' });
  });

  it('is not absent where the row is released between the refused write and the look at it', async () => {
    const model = { tellsOldItem: false, delaysMs: () => ({ there: 10, back: 10 }) };
    const { clock, table, acquire } = setUp({}, model);
    await clock.until(acquire());
    const asking = acquire({ owner: 'other', mustExist: true });
    await clock.advance(21);
    table.rows.get('["k"]')!.isReleased = { S: '1' };
    expect(await clock.until(asking)).toEqual({ kind: 'held', freeInMs: 0 });
  });

  it('is absent where the row is deleted while it is watched', async () => {
    const { table, acquire } = setUp();
    await acquire();
    await acquire({ owner: 'other', mustExist: true });
    table.rows.clear();
    expect(await acquire({ owner: 'other', mustExist: true })).toEqual({ kind: 'absent' });
  });
});

describe('onlyIfDead', () => {
  const watch = { owner: 'other', onlyIfDead: true };

  it('reads, and takes a key from a dead holder', async () => {
    const { clock, table, acquire } = setUp();
    await acquire();
    expect(await acquire(watch)).toMatchObject({ kind: 'held', mayBeDead: true });
    expect(table.arrived).toEqual({ writes: 1, reads: 1, scans: 0 });
    await clock.advance(TAKE_OVER_MS);
    expect(await acquire(watch)).toMatchObject({ kind: 'granted' });
  });

  it.each([
    ['a lease that is over', TAKE_OVER_MS],
    ['a lease that is not over', 500],
  ])('leaves a key that was released where it is, after %s', async (_, waitMs) => {
    for (const deleteOnRelease of [false, true]) {
      const { clock, table, store, acquire, open } = setUp({ deleteOnRelease });
      const other = open();
      await acquire();
      await acquire(watch, other);
      await clock.advance(waitMs);
      await store.release({ key: 'k', owner: 'me' }, call);
      const before = table.row('k');
      for (let ask = 0; ask < 2; ask++)
        expect(await acquire(watch, other)).toEqual({ kind: 'held', freeInMs: 0 });
      expect(table.row('k')).toEqual(before);
    }
  });
});

describe('deleteOnRelease', () => {
  it('leaves nothing, and tokens grow though the clock stands still', async () => {
    const { table, store, grant } = setUp({ deleteOnRelease: true });
    let last = 0;
    for (let round = 0; round < 3; round++) {
      const { fencingToken } = await grant({ data: 'x' });
      expect(fencingToken).toBeGreaterThan(last);
      last = fencingToken;
      const released = await store.release(
        { key: 'k', owner: 'me', fencingToken, sequence: 1, data: 'y' },
        call,
      );
      expect(released).toEqual({ kind: 'released' });
      expect(table.rows.size).toBe(0);
    }
  });

  it('deletes no row of another', async () => {
    const { table, store, grant } = setUp({ deleteOnRelease: true });
    const { fencingToken } = await grant();
    for (const request of [{ owner: 'other' }, { owner: 'me', fencingToken: fencingToken + 1 }])
      expect(await store.release({ key: 'k', ...request }, call)).toEqual({ kind: 'not-held' });
    expect(table.rows.size).toBe(1);
  });

  it('keeps the row as long as the key is kept', async () => {
    const { table, store, grant } = setUp({ deleteOnRelease: true });
    const { fencingToken } = await grant();
    await store.release({ key: 'k', owner: 'me', fencingToken, keepForMs: 1000 }, call);
    expect(table.rows.size).toBe(1);
    await store.release({ key: 'k', owner: 'me', fencingToken }, call);
    expect(table.rows.size).toBe(0);
  });
});

describe('rows', () => {
  it('are apart by sort key and by namespace, also where the parts make the same text', async () => {
    const table = new DynamoDbTable({ sortKey: 'sort' });
    const clock = new VirtualClock();
    const places = [
      { value: 's', namespace: '' },
      { value: 't', namespace: '' },
      { value: 's', namespace: 'n/' },
      { value: 'bc', namespace: 'a' },
      { value: 'c', namespace: 'ab' },
    ];
    const stores = places.map(({ value, namespace }) => {
      const options = resolved({ sortKey: { name: 'sort', value }, namespace });
      return new DynamoDbLeaseStore(options, { client: table, clock });
    });
    for (const [n, store] of stores.entries()) {
      const outcome = await store.acquire({ key: 'k', owner: `o${n}`, ttlMs: 1000, sentAt: 0 }, call);
      expect(outcome.kind).toBe('granted');
    }
    for (const [n, store] of stores.entries()) {
      const listed = [];
      for await (const record of store.list('', call)) listed.push([record.key, record.owner]);
      expect(listed).toContainEqual(['k', `o${n}`]);
      expect(listed).toHaveLength(n === 0 ? 2 : 1);
    }
  });

  it('that cannot be read are given back when they are granted', async () => {
    const { table, store, acquire } = setUp();
    await acquire();
    await store.release({ key: 'k', owner: 'me' }, call);
    table.put({ ...table.row('k')!, data: { S: 'text' } });
    await expect(acquire({ owner: 'other' })).rejects.toMatchObject({ code: 'LOCK_CORRUPT_LEASE', key: 'k' });
    expect(table.row('k')).toMatchObject({ ownerName: { S: 'other' }, isReleased: { S: '1' } });
  });

  it('name the key without its namespace when they cannot be read', async () => {
    const { table, store } = setUp({ namespace: 'shop/' });
    table.put({ key: { S: 'shop/k' }, ownerName: { S: 'somebody' } });
    await expect(store.inspect('k', call)).rejects.toMatchObject({ code: 'LOCK_CORRUPT_LEASE', key: 'k' });
  });

  it('that cannot be read end a listing with their error', async () => {
    const { table, store } = setUp();
    table.put({ key: { S: 'damaged' }, ownerName: { S: 'somebody' } });
    const list = async () => {
      for await (const _ of store.list('', call));
    };
    await expect(list()).rejects.toMatchObject({ code: 'LOCK_CORRUPT_LEASE', key: 'damaged' });
  });
});

describe('DynamoDbLeaseStore', () => {
  it('names the attributes that are not to be used', () => {
    const { store } = setUp({ partitionKey: 'id', sortKey: { name: 'sort', value: 's' } });
    expect(store.reservedAttributes).toEqual([
      ...['id', 'sort', 'ownerName', 'leaseDuration', 'recordVersionNumber', 'isReleased', 'data'],
      ...['fencingToken', 'holder', 'dataIsText', '__proto__'],
    ]);
  });

  it('closes its client', async () => {
    const done: string[] = [];
    const client = { close: () => done.push('closed') } as unknown as RowClient;
    await new DynamoDbLeaseStore(resolved(), { client, clock: new VirtualClock() }).close();
    expect(done).toEqual(['closed']);
  });

  it('needs no timers', async () => {
    const { clock, acquire } = setUp();
    await acquire();
    await acquire({ owner: 'other' });
    expect(clock.armedTimers).toBe(0);
  });
});

describe('an answer that shows nothing of the row', () => {
  const EMPTY = { $metadata: { httpStatusCode: 200 } };

  it('is none: it grants, renews and releases nothing', async () => {
    const { clock, table, grant } = setUp();
    const { fencingToken } = await grant();
    const client: RowClient = {
      update: async () => EMPTY,
      delete: async () => EMPTY,
      get: (input, call) => table.get(input, call),
      scan: (input, call) => table.scan(input, call),
      close: () => {},
    };
    const noAnswer = { code: 'LOCK_STORE_UNAVAILABLE', sent: true };
    for (const deleteOnRelease of [false, true]) {
      const store = new DynamoDbLeaseStore(resolved({ deleteOnRelease }), { client, clock });
      const mine = { key: 'k', owner: 'me', fencingToken };
      const timing = { ttlMs: 1000, sentAt: 1 };
      await expect(store.acquire({ key: 'k', owner: 'other', ...timing }, call)).rejects.toMatchObject(
        noAnswer,
      );
      await expect(store.renew({ ...mine, ...timing, sequence: 1 }, call)).rejects.toMatchObject(noAnswer);
      await expect(store.release(mine, call)).rejects.toMatchObject(noAnswer);
    }
  });
});
