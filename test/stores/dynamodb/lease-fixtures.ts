import { CreateTableCommand, DeleteTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll } from '@jest/globals';
import type { AcquireRequest } from '../../../lib/core/lease-store.js';
import { clientSource } from '../../../lib/stores/dynamodb/client-source.js';
import { DynamoDbConnection } from '../../../lib/stores/dynamodb/dynamodb-connection.js';
import { DynamoDbLeaseStore } from '../../../lib/stores/dynamodb/dynamodb-lease-store.js';
import {
  resolveDynamoDbStoreOptions,
  type ResolvedDynamoDbStoreOptions,
} from '../../../lib/stores/dynamodb/dynamodb-store-options.js';
import { VirtualClock } from '../../../lib/testing/index.js';
import { sdkClient, start, tableName, type DynamoDbServer } from '../../support/dynalite-server.js';
import { DynamoDbTable, type TableModelOptions } from '../../support/dynamodb-table.js';
import { call, silent, sleep } from '../../support/fixtures.js';

export const HOLDER = { service: 'orders', host: 'host-1', pid: 17, since: '2026-01-01T00:00:00.000Z' };

export function resolved(own: Partial<ResolvedDynamoDbStoreOptions> = {}): ResolvedDynamoDbStoreOptions {
  return { ...resolveDynamoDbStoreOptions({ table: 'locks' }), ...own };
}

/** A store over the table model, on a virtual clock, and short ways to ask it. */
export function setUp(own: Partial<ResolvedDynamoDbStoreOptions> = {}, model: TableModelOptions = {}) {
  const options = resolved(own);
  const { partitionKey, sortKey } = options;
  const clock = new VirtualClock();
  const table = new DynamoDbTable({ clock, partitionKey, sortKey: sortKey?.name, ...model });
  const open = () => new DynamoDbLeaseStore(options, { client: table, clock });
  const store = open();
  const acquire = (request: Partial<AcquireRequest> = {}, by = store) =>
    by.acquire({ key: 'k', owner: 'me', ttlMs: 1000, sentAt: clock.monotonicMs(), ...request }, call);
  const grant = async (request: Partial<AcquireRequest> = {}, by = store) => {
    const outcome = await acquire(request, by);
    if (outcome.kind !== 'granted') throw new Error(`expected a grant, got ${JSON.stringify(outcome)}`);
    return outcome;
  };
  return { clock, table, store, open, acquire, grant };
}

/** A table at a server, for all cases of the block around. @returns what {@link openTable} does, once they have begun */
export function useTable(): Awaited<ReturnType<typeof openTable>> {
  const opened = {} as Awaited<ReturnType<typeof openTable>>;
  let server: DynamoDbServer;
  beforeAll(async () => {
    server = await start();
    Object.assign(opened, await openTable(server.endpoint));
  });
  afterAll(async () => {
    await opened.drop();
    await server.stop();
  });
  return opened;
}

/** A table at an endpoint, and a connection of ours to it. */
async function openTable(endpoint: string) {
  const client = sdkClient(endpoint);
  const table = tableName();
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
    }),
  );
  for (let isActive = false; !isActive;) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
    isActive = Table?.TableStatus === 'ACTIVE';
    if (!isActive) await sleep(20);
  }
  return {
    table,
    client,
    connection: new DynamoDbConnection(clientSource({ table, client }), silent),
    async drop() {
      await client.send(new DeleteTableCommand({ TableName: table }));
      client.destroy();
    },
  };
}
