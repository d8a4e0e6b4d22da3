import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type ScalarAttributeType,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { StoreRejectedError, StoreUnavailableError } from '../../../lib/core/errors.js';
import { clientSource } from '../../../lib/stores/dynamodb/client-source.js';
import type { TableClient } from '../../../lib/stores/dynamodb/row-client.js';
import { DynamoDbConnection } from '../../../lib/stores/dynamodb/dynamodb-connection.js';
import { DynamoDbStore } from '../../../lib/stores/dynamodb/dynamodb-store.js';
import { resolveDynamoDbStoreOptions } from '../../../lib/stores/dynamodb/dynamodb-store-options.js';
import { dynamoDbStore, type DynamoDbStoreOptions } from '../../../lib/stores/dynamodb/index.js';
import { LeaseTable } from '../../../lib/stores/dynamodb/lease-table.js';
import { resolveTableOptions } from '../../../lib/stores/dynamodb/table-options.js';
import { VirtualClock } from '../../../lib/testing/virtual-clock.js';
import { start, type DynamoDbServer } from '../../support/dynalite-server.js';
import { HttpProxy } from '../../support/http-proxy.js';
import {
  call,
  freePort,
  fresh,
  recordingLogger,
  rejection,
  request,
  sleep,
  until,
} from '../../support/fixtures.js';
import { credentials, failure, ok, startStub } from './stub-service.js';

const STATE_CHANGE_MS = 400;

describe('The table', () => {
  let server: DynamoDbServer;
  let endpoint: string;
  let sdk: DynamoDBClient;
  let logger: ReturnType<typeof recordingLogger>;
  const stores: DynamoDbStore[] = [];

  beforeAll(async () => {
    server = await start({ stateChangeMs: STATE_CHANGE_MS });
    endpoint = server.endpoint;
    sdk = new DynamoDBClient({ region: 'x', endpoint, credentials });
  });
  afterAll(async () => {
    sdk.destroy();
    await server.stop();
  });
  beforeEach(() => {
    logger = recordingLogger();
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });

  function storeOf(options: Partial<DynamoDbStoreOptions> = {}): DynamoDbStore {
    const where = { region: 'x', endpoint, credentials, logger };
    const store = dynamoDbStore({ table: fresh('table'), ...where, ...options });
    stores.push(store);
    return store;
  }

  async function describeTable(table: string): Promise<TableDescription> {
    return (await sdk.send(new DescribeTableCommand({ TableName: table }))).Table!;
  }

  /** Makes a table as somebody else would, and waits for it. */
  async function makeTable(
    table: string,
    ...keys: [name: string, type: ScalarAttributeType][]
  ): Promise<void> {
    await sdk.send(
      new CreateTableCommand({
        TableName: table,
        KeySchema: keys.map(([AttributeName], i) => ({ AttributeName, KeyType: i === 0 ? 'HASH' : 'RANGE' })),
        AttributeDefinitions: keys.map(([AttributeName, AttributeType]) => ({
          AttributeName,
          AttributeType,
        })),
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
    await until(async () => (await describeTable(table)).TableStatus === 'ACTIVE', 5000, 'the table');
  }

  describe('made by createTable()', () => {
    it('has the key of the options, is on demand, and ACTIVE', async () => {
      const table = fresh('table');
      await storeOf({ table }).createTable();
      const found = await describeTable(table);
      expect(found).toMatchObject({
        TableStatus: 'ACTIVE',
        KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
        BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      });
    });

    it('has names of keys, sort key and throughput as told', async () => {
      const table = fresh('table');
      const sortKey = { name: 'sort', value: 'lock' };
      const ensureTable = { throughput: { read: 3, write: 4 } };
      await storeOf({ table, partitionKey: 'id', sortKey, ensureTable }).createTable();
      const found = await describeTable(table);
      expect(found).toMatchObject({
        KeySchema: [
          { AttributeName: 'id', KeyType: 'HASH' },
          { AttributeName: 'sort', KeyType: 'RANGE' },
        ],
        ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 4 },
      });
      expect(found.BillingModeSummary?.BillingMode).not.toBe('PAY_PER_REQUEST');
    });

    it('is asked for with its tags, of which dynalite keeps none', async () => {
      const proxy = await HttpProxy.start(endpoint);
      try {
        const ensureTable = { tags: { team: 'billing', stage: '' } };
        await storeOf({ endpoint: proxy.endpoint, ensureTable }).createTable();
        expect(proxy.seen.find(({ operation }) => operation === 'CreateTable')!.body.Tags).toEqual([
          { Key: 'team', Value: 'billing' },
          { Key: 'stage', Value: '' },
        ]);
      } finally {
        await proxy.stop();
      }
    });

    it('must not exist before', async () => {
      const store = storeOf();
      await store.createTable();
      const error = await rejection(store.createTable());
      expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: false });
      expect(error.message).toContain('exists already');
      expect(error.message).toContain('ensureTable()');
    });

    it('serves leases at once', async () => {
      const store = storeOf({ sortKey: { name: 'sort', value: 'lock' } });
      await store.createTable({ throughput: { read: 1, write: 1 } });
      expect(await store.acquire(request(fresh('key')), call)).toMatchObject({ kind: 'granted' });
    });
  });

  describe('ensured', () => {
    it('is made where it is missing, and ACTIVE afterwards', async () => {
      const table = fresh('table');
      const store = storeOf({ table });
      expect(await store.tableExists()).toBe(false);
      await store.ensureTable({ throughput: { read: 1, write: 2 } });
      const { TableStatus, ProvisionedThroughput } = await describeTable(table);
      expect(TableStatus).toBe('ACTIVE');
      expect(ProvisionedThroughput).toMatchObject({ ReadCapacityUnits: 1, WriteCapacityUnits: 2 });
      expect(await store.tableExists()).toBe(true);
      await store.ensureTable();
    });

    it('by many at once is made once, and all wait until it is ACTIVE', async () => {
      const table = fresh('table');
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          await storeOf({ table }).ensureTable();
          expect((await describeTable(table)).TableStatus).toBe('ACTIVE');
        }),
      );
    });

    it('while it is being made by another is waited for, and does not count as existing', async () => {
      const table = fresh('table');
      const made = makeTable(table, ['key', 'S']);
      const store = storeOf({ table });
      await until(async () => (await describeTable(table).catch(() => null)) !== null, 2000, 'the table');
      expect(await store.tableExists()).toBe(false);
      await store.ensureTable();
      expect((await describeTable(table)).TableStatus).toBe('ACTIVE');
      await made;
    });

    it('while it is being deleted is made anew', async () => {
      const table = fresh('table');
      await makeTable(table, ['other', 'S']);
      await sdk.send(new DeleteTableCommand({ TableName: table }));
      await storeOf({ table }).ensureTable();
      expect(await describeTable(table)).toMatchObject({
        TableStatus: 'ACTIVE',
        KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      });
    });

    it('refuses wrong options, and asks for nothing', async () => {
      const store = storeOf();
      await expect(store.ensureTable({ timeout: 'soon' as never })).rejects.toThrow("timeout ('soon')");
      await expect(store.createTable({ throughput: 5 } as never)).rejects.toThrow('throughput (5)');
      expect(await store.tableExists()).toBe(false);
    });
  });

  describe('that exists with other keys is refused with all that differs', () => {
    it.each<[string, [string, ScalarAttributeType][], Partial<DynamoDbStoreOptions>, string[]]>([
      [
        'name',
        [['id', 'S']],
        {},
        ["partition key: expected 'key' (S), found 'id' (S); correct partitionKey"],
      ],
      ['type', [['key', 'N']], {}, ["partition key: expected 'key' (S), found 'key' (N)"]],
      [
        'sort key that the options lack',
        [
          ['key', 'S'],
          ['range', 'S'],
        ],
        {},
        ["sort key: expected none, found 'range' (S); correct sortKey"],
      ],
      [
        'sort key that the table lacks',
        [['key', 'S']],
        { sortKey: { name: 'sort', value: 'x' } },
        ["sort key: expected 'sort' (S), found none"],
      ],
      [
        'everything',
        [
          ['id', 'N'],
          ['sort', 'B'],
        ],
        { sortKey: { name: 'sort', value: 'x' } },
        ["expected 'key' (S), found 'id' (N)", "expected 'sort' (S), found 'sort' (B)"],
      ],
    ])('%s', async (_, keys, options, words) => {
      const table = fresh('table');
      await makeTable(table, ...keys);
      for (const ensureTable of [false, true]) {
        const store = storeOf({ table, ensureTable, ...options });
        for (const error of [await rejection(store.open()), await rejection(store.ensureTable())]) {
          expect(error.code).toBe('LOCK_OPTIONS_INVALID');
          for (const word of words) expect(error.message).toContain(word);
          expect(error.message).toContain(`table ('${table}')`);
          expect(error.problems).toHaveLength(words.length);
        }
      }
    });
  });

  describe('at open()', () => {
    it('must be there, and an application without it learns the remedy', async () => {
      const table = fresh('table');
      const error = await rejection(storeOf({ table }).open());
      expect(error).toMatchObject({ code: 'LOCK_OPTIONS_INVALID' });
      expect(error.message).toContain(`table ('${table}') does not exist`);
      expect(error.message).toContain('ensureTable: true');
    });

    it('is made with ensureTable', async () => {
      const store = storeOf({ ensureTable: true });
      await store.open();
      await store.open();
      expect(await store.tableExists()).toBe(true);
      expect(logger.lines).toEqual([]);
    });

    it.each([false, true])(
      'of a service that is down is no error, and is told of once (ensureTable %p)',
      async ensureTable => {
        const store = storeOf({ ensureTable, endpoint: `http://127.0.0.1:${await freePort()}` });
        await store.open();
        expect(logger.lines).toHaveLength(1);
        expect(logger.lines[0]).toContain('not reachable');
        expect(await rejection(store.tableExists())).toMatchObject({
          code: 'LOCK_STORE_UNAVAILABLE',
          sent: false,
        });
      },
    );

    it.each([false, true])('of a service that is busy is no error (ensureTable %p)', async ensureTable => {
      const stub = await startStub();
      try {
        stub.answer = failure('ThrottlingException');
        await storeOf({ ensureTable, endpoint: stub.endpoint }).open();
        expect(logger.lines).toEqual([expect.stringMatching(/^warn: .*ThrottlingException/)]);
      } finally {
        await stub.stop();
      }
    });

    it('may not be described without ensureTable: that is no error, and nothing is said', async () => {
      const stub = await startStub();
      try {
        stub.answer = failure('AccessDeniedException');
        await storeOf({ endpoint: stub.endpoint }).open();
        expect(logger.lines).toEqual([]);
        const error = await rejection(storeOf({ endpoint: stub.endpoint, ensureTable: true }).open());
        expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: false });
        stub.answer = failure('UnrecognizedClientException');
        expect(await rejection(storeOf({ endpoint: stub.endpoint }).open())).toMatchObject({
          retryable: false,
        });
      } finally {
        await stub.stop();
      }
    });

    it('does not wait for a service that hangs for longer than one request', async () => {
      const stub = await startStub();
      try {
        const clock = new VirtualClock();
        const where = { table: 'locks', region: 'x', endpoint: stub.endpoint, credentials };
        const connection = new DynamoDbConnection(clientSource(where), logger);
        const options = resolveDynamoDbStoreOptions(where);
        const table = new LeaseTable(connection, options, options.tableOptions, clock);
        const services = { client: connection, connection, clock, logger, table, makesTable: true };
        const store = new DynamoDbStore(options, services);
        stores.push(store);
        const opened = store.open();
        await until(() => stub.requests === 1, 2000, 'the request');
        await clock.advance(5001);
        await opened;
        expect(logger.lines).toEqual([expect.stringMatching(/^warn: no answer from DynamoDB/)]);
        expect(clock.armedTimers).toBe(0);
      } finally {
        await stub.stop();
      }
    });
  });

  describe('found missing later, with ensureTable', () => {
    it('is made in the background: requests are refused for now, and do not wait', async () => {
      const proxy = await HttpProxy.start(endpoint);
      try {
        proxy.refuse(true);
        const store = storeOf({ ensureTable: true, endpoint: proxy.endpoint });
        await store.open();
        proxy.refuse(false);
        const startMs = performance.now();
        const acquiring = Array.from({ length: 5 }, () => rejection(store.acquire(request('key'), call)));
        for (const error of await Promise.all(acquiring)) {
          expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: true });
          expect(error.message).toContain('is being made');
        }
        expect(performance.now() - startMs).toBeLessThan(STATE_CHANGE_MS);
        await until(
          async () => (await store.acquire(request('key'), call).catch(() => null))?.kind === 'granted',
          5000,
          'a grant',
        );
        expect(proxy.count('CreateTable')).toBe(1);
        expect(logger.lines.filter(line => line.startsWith('error'))).toEqual([]);
      } finally {
        await proxy.stop();
      }
    });

    it('and not to be made at all: that is told once, and requests are refused for good', async () => {
      const stub = await startStub();
      try {
        stub.answer = (httpRequest, response) => {
          const isUpdate = String(httpRequest.headers['x-amz-target']).endsWith('UpdateItem');
          failure(isUpdate ? 'ResourceNotFoundException' : 'AccessDeniedException')(httpRequest, response);
        };
        const store = storeOf({ ensureTable: true, endpoint: stub.endpoint });
        expect(await rejection(store.acquire(request('key'), call))).toMatchObject({ retryable: true });
        await until(() => logger.lines.length > 0, 2000, 'the log line');
        for (const _ of [1, 2]) {
          expect(await rejection(store.acquire(request('key'), call))).toMatchObject({ retryable: false });
        }
        expect(logger.lines).toEqual([expect.stringMatching(/^error: .*AccessDeniedException/)]);
      } finally {
        await stub.stop();
      }
    });

    it('is not made any more once the store is closed, and nothing is said', async () => {
      const store = storeOf({ ensureTable: true });
      expect(await rejection(store.acquire(request('key'), call))).toMatchObject({ retryable: true });
      await store.close();
      expect(await rejection(store.acquire(request('key'), call))).toMatchObject({ sent: false });
      await sleep(50);
      expect(logger.lines).toEqual([]);
    });

    it('without ensureTable is refused for good, with the remedy', async () => {
      const table = fresh('table');
      const error = await rejection(storeOf({ table }).acquire(request('key'), call));
      expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: false });
      expect(error.message).toContain(`Create the table '${table}', as ensureTable: true does`);
    });
  });

  describe('waited for', () => {
    const keys = { table: 'locks', partitionKey: 'key' };
    const options = resolveTableOptions({ timeout: '10s' });
    const found = (status: string, name = 'key'): TableDescription => ({
      TableStatus: status as 'ACTIVE',
      KeySchema: [{ AttributeName: name, KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: name, AttributeType: 'S' }],
    });

    /** A service that says one thing after the other, and repeats the last one. */
    function tableOf(clock: VirtualClock, ...says: (TableDescription | Error | undefined)[]) {
      const asked = { describe: 0, create: 0 };
      const client: TableClient = {
        describeTable: async () => {
          const said = says[Math.min(asked.describe++, says.length - 1)];
          if (said instanceof Error) throw said;
          return said;
        },
        createTable: async () => (asked.create++ === 0 ? 'created' : 'exists'),
      };
      return { asked, table: new LeaseTable(client, keys, options, clock) };
    }

    const busy = new StoreRejectedError('busy', { retryable: true });
    const silent = new StoreUnavailableError('silent', { sent: true });

    it('is not there at once after it was made, and failures that pass are waited out', async () => {
      const clock = new VirtualClock();
      const { table, asked } = tableOf(
        clock,
        undefined,
        undefined,
        busy,
        silent,
        found('CREATING'),
        found('ACTIVE'),
      );
      const ensured = table.ensure();
      await clock.advance(5000);
      await ensured;
      expect(asked).toEqual({ describe: 6, create: 2 });
    });

    it.each([
      ['a passing refusal', busy],
      ['no answer', silent],
    ])('fails with the first answer if that is %s', async (_, failed) => {
      const { table } = tableOf(new VirtualClock(), failed, found('ACTIVE'));
      expect(await rejection(table.ensure())).toBe(failed);
    });

    it('too long: refused for now, with what was seen last', async () => {
      const clock = new VirtualClock();
      const { table } = tableOf(clock, undefined, found('CREATING'));
      const failed = rejection(table.ensure());
      await clock.advance(11_000);
      const error = await failed;
      expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: true });
      expect(error.message).toContain("table 'locks' was not ACTIVE within 10s (CREATING)");
    });

    it.each(['ARCHIVED', 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'])('%s: refused for good', async status => {
      const { table } = tableOf(new VirtualClock(), found(status));
      const error = await rejection(table.check());
      expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: false });
      expect(error.message).toContain(status);
    });

    it('UPDATING: can be used', async () => {
      const { table } = tableOf(new VirtualClock(), found('UPDATING'));
      await table.check();
      expect(await table.exists()).toBe(true);
    });

    it('with other keys: refused before it is ACTIVE', async () => {
      const { table } = tableOf(new VirtualClock(), found('CREATING', 'id'));
      expect(await rejection(table.ensure())).toMatchObject({ code: 'LOCK_OPTIONS_INVALID' });
    });

    it('no longer once it is closed during a request', async () => {
      const clock = new VirtualClock();
      const client: TableClient = {
        describeTable: async () => {
          table.close();
          return found('CREATING');
        },
        createTable: async () => 'created',
      };
      const table = new LeaseTable(client, keys, options, clock);
      expect(await rejection(table.ensure())).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE' });
      expect(clock.armedTimers).toBe(0);
    });

    it('no longer once its store is closed', async () => {
      const clock = new VirtualClock();
      const { table } = tableOf(clock, found('CREATING'));
      const connection = new DynamoDbConnection(clientSource(keys), logger);
      const services = { client: connection, connection, clock, logger, table, makesTable: true };
      const store = new DynamoDbStore(resolveDynamoDbStoreOptions(keys), services);
      const failed = rejection(store.ensureTable());
      await clock.advance(1000);
      await store.close();
      expect(await failed).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: false });
      expect(clock.armedTimers).toBe(0);
    });
  });

  it('an answer that describes no table is none', async () => {
    const stub = await startStub();
    try {
      stub.answer = ok();
      const error = await rejection(storeOf({ endpoint: stub.endpoint }).tableExists());
      expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
    } finally {
      await stub.stop();
    }
  });
});
