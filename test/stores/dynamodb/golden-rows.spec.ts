import { describe, expect, it } from '@jest/globals';
import type { Item } from '../../../lib/stores/dynamodb/row-client.js';
import { call } from '../../support/fixtures.js';
import { HOLDER, setUp } from './lease-fixtures.js';

/** Rows as other clients write them: their attributes, types and the form of their values. */
const BASE32 = 'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOV3HO6DZPIYTEMZUGU3A';
const GO_V1: Item = {
  key: { S: 'k' },
  ownerName: { S: 'q7Zb0aYk3mXc9tRw2uVn8pLd5sHe6gJf' },
  leaseDuration: { S: '20s' },
  recordVersionNumber: { S: 'aYk3mXc9tRw2uVn8pLd5sHe6gJfq7Zb0' },
};
const GO_V2: Item = {
  key: { S: 'k' },
  ownerName: { S: BASE32 },
  leaseDuration: { S: '1m30s' },
  recordVersionNumber: { S: `1767225600000000000:${BASE32}` },
  data: { B: Uint8Array.of(0xff, 0, 1) },
};
const GO_V5: Item = {
  ...GO_V2,
  leaseDuration: { S: '1.5s' },
  shard: { S: 'a' },
  weight: { N: '3' },
  hosts: { L: [{ S: 'h1' }] },
};
const JAVA: Item = {
  key: { S: 'k' },
  ownerName: { S: 'host-10f8fad5b-d9cb-469f-a165-70867728950e' },
  leaseDuration: { S: '20000' },
  recordVersionNumber: { S: '7c9e6679-7425-40de-944b-e07fc1f90ae7' },
  data: { B: new TextEncoder().encode('plain') },
};

const FOREIGN: [string, 'dynamolock' | 'aws-java', Item, number][] = [
  ['Go dynamolock v1', 'dynamolock', GO_V1, 20_000],
  ['Go dynamolock v2', 'dynamolock', GO_V2, 90_000],
  ['Go dynamolock v5', 'dynamolock', GO_V5, 1500],
  ['the Java client', 'aws-java', JAVA, 20_000],
];
const SORTED: Item = { ...GO_V2, sort: { S: 's' } };

/** What `isReleased`, `fencingToken` and `holder` make of a row's attributes, each with its type. */
function shape(item: Item | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(item ?? {}).map(([name, value]) => [name, Object.keys(value)[0]!]),
  );
}

const takeOverMs = (leaseMs: number): number => leaseMs * 1.01 + 2;

describe.each(FOREIGN)('a row of %s', (_, dialect, item, leaseMs) => {
  it('is respected while its holder lives', async () => {
    const { clock, table, acquire } = setUp({ dialect });
    table.put(item);
    for (let heartbeat = 0; heartbeat < 12; heartbeat++) {
      expect(await acquire()).toMatchObject({
        kind: 'held',
        owner: item.ownerName!.S,
        holder: undefined,
        freeInMs: takeOverMs(leaseMs),
      });
      await clock.advance(leaseMs / 4);
      table.put({ ...item, recordVersionNumber: { S: `version-${heartbeat}` } });
    }
  });

  it('is taken over when it is stale, and keeps its attributes and types', async () => {
    const { clock, table, acquire, grant } = setUp({ dialect });
    table.put(item);
    await acquire();
    await clock.advance(takeOverMs(leaseMs) - 1);
    expect(await acquire()).toMatchObject({ kind: 'held' });
    await clock.advance(1);
    const { fencingToken, data } = await grant({ ttlMs: 90_000, holder: HOLDER });
    expect(data).toEqual(item.data?.B);
    expect(shape(table.row('k'))).toEqual({ ...shape(item), fencingToken: 'N', holder: 'S' });
    expect(table.row('k')).toEqual({
      ...item,
      ownerName: { S: 'me' },
      leaseDuration: { S: dialect === 'aws-java' ? '90000' : '1m30s' },
      recordVersionNumber: { S: expect.any(String) },
      fencingToken: { N: String(fencingToken) },
      holder: { S: JSON.stringify(HOLDER) },
    });
  });

  it('is acquired at once when it was released, and is released no more', async () => {
    const { table, grant } = setUp({ dialect });
    table.put({ ...item, isReleased: { S: '1' } });
    await grant();
    expect(shape(table.row('k'))).toEqual({ ...shape(item), fencingToken: 'N' });
  });

  it('is shown as it is, and neither renewed, released nor revoked', async () => {
    const { table, store } = setUp({ dialect });
    table.put(item);
    const owner = item.ownerName!.S!;
    expect(await store.inspect('k', call)).toMatchObject({ isHeld: true, owner, data: item.data?.B });
    const renewal = { key: 'k', owner, fencingToken: 1, ttlMs: 1000, sentAt: 0, sequence: 1 };
    expect(await store.renew(renewal, call)).toEqual({ kind: 'not-held' });
    expect(await store.release({ key: 'k', owner }, call)).toEqual({ kind: 'not-held' });
    expect(await store.revoke({ key: 'k', fencingToken: 1, force: true }, call)).toBe(false);
    expect(table.row('k')).toEqual(item);
  });

  it('that was written over ours ends our lease, and tokens grow when we have it back', async () => {
    const { clock, table, store, acquire, grant } = setUp({ dialect });
    const { fencingToken } = await grant({ holder: HOLDER, data: 'ours', attributes: { mine: true } });
    const ours = table.row('k')!;
    // Go merges what it finds beside the lease, Java puts the whole row.
    const { data: _, ...merged } = ours;
    table.put(dialect === 'aws-java' ? item : { ...merged, ...item });

    const renewal = { key: 'k', owner: 'me', fencingToken, ttlMs: 1000, sentAt: 0, sequence: 1 };
    expect(await store.renew(renewal, call)).toEqual({ kind: 'not-held' });
    expect(await store.release({ key: 'k', owner: 'me', fencingToken }, call)).toEqual({ kind: 'not-held' });
    const record = await store.inspect('k', call);
    expect(record).toMatchObject({ isHeld: true, owner: item.ownerName!.S });
    expect(record).toMatchObject({ holder: undefined, fencingToken: undefined, data: item.data?.B });

    await acquire({ owner: 'next' });
    await clock.advance(takeOverMs(leaseMs));
    expect((await grant({ owner: 'next' })).fencingToken).toBeGreaterThan(fencingToken);
    expect(table.row('k')).not.toHaveProperty('holder');
  });
});

describe('a row of ours', () => {
  it.each([
    ['dynamolock', '20s'],
    ['aws-java', '20000'],
  ] as const)('has what other clients expect, in the dialect %s', async (dialect, leaseDuration) => {
    const { clock, table, store, grant } = setUp({ dialect, ownerName: 'orders-1' });
    const token = clock.wallMs() * 1000 + 1;
    await grant({ ttlMs: 20_000, sentAt: 7 });
    const held = {
      key: { S: 'k' },
      ownerName: { S: 'orders-1' },
      leaseDuration: { S: leaseDuration },
      recordVersionNumber: { S: 'me:0000000000000000:7' },
      fencingToken: { N: String(token) },
    };
    expect(table.row('k')).toEqual(held);
    await store.release({ key: 'k', owner: 'me' }, call);
    const recordVersionNumber = { S: 'me:~released:0' };
    expect(table.row('k')).toEqual({ ...held, recordVersionNumber, isReleased: { S: '1' } });
  });

  it('changes its version with each renewal, which is what others watch', async () => {
    const { table, store, grant } = setUp();
    const { fencingToken } = await grant();
    const versions = new Set([table.row('k')!.recordVersionNumber!.S]);
    for (let sequence = 1; sequence <= 5; sequence++) {
      await store.renew({ key: 'k', owner: 'me', fencingToken, ttlMs: 1000, sentAt: 0, sequence }, call);
      versions.add(table.row('k')!.recordVersionNumber!.S);
    }
    expect(versions.size).toBe(6);
  });

  it('says that its data is text beside text only', async () => {
    const { table, store, grant } = setUp();
    const { fencingToken } = await grant({ data: 'text' });
    expect(shape(table.row('k'))).toMatchObject({ data: 'B', dataIsText: 'BOOL' });
    const mine = { key: 'k', owner: 'me', fencingToken, ttlMs: 1000, sentAt: 0 };
    for (const [n, data] of [Uint8Array.of(1), 'text', null].entries()) {
      await store.renew({ ...mine, sequence: n + 1, data }, call);
      expect('dataIsText' in table.row('k')!).toBe(typeof data === 'string');
      expect('data' in table.row('k')!).toBe(data !== null);
    }
  });

  it('leaves attributes alone whose types it does not know', async () => {
    const { table, store, grant } = setUp();
    table.put({ ...GO_V5, isReleased: { S: '1' } });
    const granted = await grant({ attributes: { weight: 4 } });
    expect(granted.attributes).toEqual({ shard: 'a', weight: 4 });
    await store.release({ key: 'k', owner: 'me', sequence: 1, attributes: { shard: 'b' } }, call);
    expect(table.row('k')).toMatchObject({ hosts: GO_V5.hosts!, shard: { S: 'b' }, weight: { N: '4' } });
  });

  it('is found under the sort key that other clients were given', async () => {
    const { table, acquire } = setUp({ sortKey: { name: 'sort', value: 's' } });
    table.put({ ...SORTED, sort: { S: 'other' } });
    table.put(SORTED);
    expect(await acquire()).toMatchObject({ kind: 'held', owner: BASE32 });
  });
});
