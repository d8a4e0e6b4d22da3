import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { isDistributedLockError } from '../../lib/core/errors.js';
import type { LeaseStore } from '../../lib/core/lease-store.js';
import { DynamoDbLeaseStore } from '../../lib/stores/dynamodb/dynamodb-lease-store.js';
import type { Item, RowClient } from '../../lib/stores/dynamodb/row-client.js';
import { redisStore } from '../../lib/stores/redis/index.js';
import { VirtualClock } from '../../lib/testing/index.js';
import { resolved, useTable } from '../stores/dynamodb/lease-fixtures.js';
import { DynamoDbTable } from '../support/dynamodb-table.js';
import { call, collect, fresh, silent } from '../support/fixtures.js';
import { garbageWrites, type GarbageWrite } from './garbage.js';
import { runs } from './runs.js';
import { anyRow } from './table-commands.js';

/** What a request met: an answer, or the code of an error of ours. Anything else fails, silence too. */
async function met(what: string, promise: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs`)), 5000);
  });
  try {
    return await Promise.race([promise, silence]);
  } catch (error) {
    if (!isDistributedLockError(error, 'LOCK_CORRUPT_LEASE'))
      throw new Error(`${what}: ${String(error)}`, { cause: error });
    return error.code;
  } finally {
    clearTimeout(timer);
  }
}

/** Asks everything of a damaged key. @returns the kind of answer that a stranger's first acquire met, if it was one */
async function askAll(store: LeaseStore, key: string): Promise<unknown> {
  const timing = { ttlMs: 60_000, sentAt: 1 };
  const acquired = await met(
    'acquire',
    store.acquire({ key, owner: 'stranger', ...timing, data: 'theirs' }, call),
  );
  for (const owner of ['me', 'stranger']) {
    const renewal = {
      key,
      owner,
      fencingToken: 1763000000123456,
      ...timing,
      sequence: 1,
      attributes: { n: 1 },
    };
    await met('renew', store.renew(renewal, call));
  }
  await met('inspect', store.inspect(key, call));
  await met('list', collect(store.list(key, call)));
  for (const force of [false, true]) await met('revoke', store.revoke({ key, fencingToken: 1, force }, call));
  await met('release', store.release({ key, owner: 'me' }, call));
  await met('acquire', store.acquire({ key, owner: 'stranger', ...timing }, call));
  return (acquired as { kind?: string }).kind;
}

async function assertSafe(
  client: RowClient,
  table: string,
  row: Item,
  put: (item: Item) => unknown,
): Promise<void> {
  const key = fresh('row');
  await put({ ...row, key: { S: key } });
  const store = new DynamoDbLeaseStore(resolved({ table }), { client, clock: new VirtualClock() });
  const acquired = await askAll(store, key);
  if (row['isReleased'] === undefined) expect(acquired).not.toBe('granted');
}

describe('stored garbage is told as such or read right, and grants nobody what another holds', () => {
  describe('Redis', () => {
    let client: Redis;
    let store: LeaseStore;
    const prefix = fresh('garbage');
    beforeAll(() => {
      const url = process.env.LOCK_TEST_REDIS_URL!;
      client = new Redis(url);
      store = redisStore({ url, prefix, maxTtl: '30d', logger: silent });
    });
    afterAll(async () => {
      await store.close?.();
      const names = await client.keys(`${prefix}:*`);
      if (names.length > 0) await client.del(names);
      client.disconnect();
    });

    async function spoil(key: string, { name, command, words, expiresInMs }: GarbageWrite): Promise<void> {
      const target = `${prefix}:{${key}}:${name}`;
      await client.call(command, target, ...words).catch(async () => {
        await client.del(target);
        await client.call(command, target, ...words);
      });
      if (expiresInMs !== null) await client.pexpire(target, expiresInMs);
    }

    it('where nobody holds the key', async () => {
      const property = fc.asyncProperty(garbageWrites, async writes => {
        const key = fresh('free');
        for (const write of writes) await spoil(key, write);
        const isTaken = (await client.exists(`${prefix}:{${key}}:lease`)) === 1;
        const acquired = await askAll(store, key);
        if (isTaken) expect(acquired).not.toBe('granted');
      });
      await fc.assert(property, runs(150));
    });

    it('where somebody holds it, and anything of it is damaged', async () => {
      const property = fc.asyncProperty(garbageWrites, async writes => {
        const key = fresh('held');
        const held = { key, owner: 'me', ttlMs: 60_000, sentAt: 1, data: 'x', attributes: { n: 1 } };
        await store.acquire(held, call);
        for (const write of writes) await spoil(key, write);
        const isThere = (await client.exists(`${prefix}:{${key}}:lease`)) === 1;
        const acquired = await askAll(store, key);
        if (isThere) expect(acquired).not.toBe('granted');
      });
      await fc.assert(property, runs(150));
    });
  });

  describe('DynamoDB', () => {
    it('on the table model', async () => {
      const property = fc.asyncProperty(anyRow, fc.boolean(), (row, tellsOldItem) => {
        const table = new DynamoDbTable({ tellsOldItem });
        return assertSafe(table, 'locks', row, item => table.put(item));
      });
      await fc.assert(property, runs(300));
    });
  });

  describe('DynamoDB', () => {
    const opened = useTable();

    // Found by the property below
    it('as a token that is no number beside a released lease', async () => {
      const row = { fencingToken: { S: '7' }, isReleased: { S: '1' }, recordVersionNumber: { S: 'v' } };
      await assertSafe(opened.connection, opened.table, row, item =>
        opened.client.send(new PutItemCommand({ TableName: opened.table, Item: item })),
      );
    });

    it('on a server', async () => {
      const put = (Item: Item) => opened.client.send(new PutItemCommand({ TableName: opened.table, Item }));
      await fc.assert(
        fc.asyncProperty(anyRow, row => assertSafe(opened.connection, opened.table, row, put)),
        runs(60),
      );
    });
  });
});
