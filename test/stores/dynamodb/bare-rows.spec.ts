import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { dynamoDbStore } from '../../../lib/stores/dynamodb/index.js';
import type { Item } from '../../../lib/stores/dynamodb/row-client.js';
import { call, collect, fresh, rejection, request, silent } from '../../support/fixtures.js';
import { setUp, useTable } from './lease-fixtures.js';

/** As the Go library intercom/lease writes it, and an attribute of a type that we do not know. */
const FOREIGN = {
  LeaseUntil: { N: '1767225600' },
  ProcessID: { S: 'process-1' },
  tags: { SS: ['a', 'b'] },
};
const SHOWN = { LeaseUntil: 1_767_225_600, ProcessID: 'process-1' };
const row = (own: Item = {}): Item => ({ key: { S: 'k' }, ...own });

/** Rows that say part of a lease. */
const DAMAGED: Item[] = [
  { ownerName: { S: 'somebody' } },
  { ownerName: { N: '1' }, ...FOREIGN },
  { leaseDuration: { S: '20s' } },
  { leaseDuration: { S: 'soon' }, recordVersionNumber: { S: 'v' } },
  { recordVersionNumber: { S: 'v' } },
  { recordVersionNumber: { B: Uint8Array.of(1) } },
];

describe('a row that says nothing of a lease', () => {
  it.each<[string, Item, object | undefined]>([
    ['nothing but its key', {}, undefined],
    ['what another library has written', FOREIGN, SHOWN],
  ])('but %s is known, and free', async (_, own, attributes) => {
    const { table, store } = setUp();
    table.put(row(own));
    expect(await store.inspect('k', call)).toEqual({ key: 'k', isHeld: false, attributes });
    expect(await collect(store.list('', call))).toEqual([{ key: 'k', isHeld: false, attributes }]);
  });

  it.each([true, false])(
    'is taken in one write, which keeps the rest of it (mustExist: %p)',
    async mustExist => {
      const { table, store, grant } = setUp();
      table.put(row(FOREIGN));
      const { fencingToken, attributes } = await grant({ mustExist, attributes: { shard: 'a' } });
      expect(attributes).toEqual({ ...SHOWN, shard: 'a' });
      expect(table.arrived).toEqual({ writes: 1, reads: 0, scans: 0 });
      await store.renew({ key: 'k', owner: 'me', fencingToken, ttlMs: 1000, sentAt: 1, sequence: 1 }, call);
      expect(await store.release({ key: 'k', owner: 'me', fencingToken }, call)).toEqual({
        kind: 'released',
      });
      expect([...table.rows.values()][0]).toMatchObject(FOREIGN);
      expect((await grant({ owner: 'next', mustExist })).fencingToken).toBe(fencingToken + 1);
    },
  );

  it('is taken though it was watched as that of a holder, whose row was replaced', async () => {
    const { table, acquire, open } = setUp();
    await acquire({}, open());
    expect(await acquire({ owner: 'other' })).toMatchObject({ kind: 'held' });
    table.put(row(FOREIGN));
    expect(await acquire({ owner: 'other', onlyIfDead: true })).toEqual({ kind: 'held', freeInMs: 0 });
    expect(await acquire({ owner: 'other' })).toMatchObject({ kind: 'granted' });
  });

  it('is nothing to renew, release or revoke', async () => {
    const { table, store } = setUp();
    table.put(row(FOREIGN));
    const renewal = { key: 'k', owner: 'me', fencingToken: 1, ttlMs: 1000, sentAt: 1, sequence: 1 };
    expect(await store.renew(renewal, call)).toEqual({ kind: 'not-held' });
    expect(await store.release(renewal, call)).toEqual({ kind: 'not-held' });
    expect(await store.release({ key: 'k', owner: '' }, call)).toEqual({ kind: 'not-held' });
    expect(await store.revoke({ key: 'k', fencingToken: 1, force: true }, call)).toBe(false);
    expect([...table.rows.values()]).toEqual([row(FOREIGN)]);
  });

  it('goes on from a token that it has, and is damaged where that is no number', async () => {
    const { table, grant, acquire } = setUp();
    table.put(row({ fencingToken: { N: '41' } }));
    expect((await grant()).fencingToken).toBe(42);
    table.put({ key: { S: 'damaged' }, fencingToken: { S: 'x' } });
    expect(await rejection(acquire({ key: 'damaged' }))).toMatchObject({ code: 'LOCK_CORRUPT_LEASE' });
  });

  it('is deleted, with all that is in it, by a release that deletes', async () => {
    const { table, store, grant } = setUp({ deleteOnRelease: true });
    table.put(row(FOREIGN));
    await grant();
    expect(await store.release({ key: 'k', owner: 'me' }, call)).toEqual({ kind: 'released' });
    expect(table.rows.size).toBe(0);
  });
});

describe('a row that says part of a lease', () => {
  it.each(DAMAGED.map(item => [Object.keys(item).join(', '), item] as const))(
    'is damaged, and is not taken: %s',
    async (_, item) => {
      const { table, store, acquire } = setUp();
      table.put(row(item));
      for (const mustExist of [true, false])
        expect(await rejection(acquire({ mustExist }))).toMatchObject({
          code: 'LOCK_CORRUPT_LEASE',
          key: 'k',
        });
      expect(await rejection(store.inspect('k', call))).toMatchObject({ code: 'LOCK_CORRUPT_LEASE' });
      expect([...table.rows.values()]).toEqual([row(item)]);
    },
  );
});

describe('rows at a server that say', () => {
  const opened = useTable();
  const store = () => dynamoDbStore({ table: opened.table, client: opened.client, logger: silent });
  const put = async (own: Item): Promise<string> => {
    const key = fresh('row');
    await opened.client.send(
      new PutItemCommand({ TableName: opened.table, Item: { ...own, key: { S: key } } }),
    );
    return key;
  };

  it('nothing of a lease are taken, and are there for mustExist', async () => {
    for (const own of [{}, FOREIGN]) {
      expect(await store().acquire(request(await put(own)), call)).toMatchObject({ kind: 'granted' });
      const existing = request(await put(own), { mustExist: true });
      expect(await store().acquire(existing, call)).toMatchObject({ kind: 'granted' });
    }
    expect(await store().acquire(request(fresh('row'), { mustExist: true }), call)).toEqual({
      kind: 'absent',
    });
  });

  it('part of a lease are not taken', async () => {
    for (const own of DAMAGED)
      expect(await rejection(store().acquire(request(await put(own)), call))).toMatchObject({
        code: 'LOCK_CORRUPT_LEASE',
      });
  });
});
