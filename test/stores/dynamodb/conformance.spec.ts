import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, it } from '@jest/globals';
import { DynamoDbLeaseStore } from '../../../lib/stores/dynamodb/dynamodb-lease-store.js';
import type {
  Dialect,
  ResolvedDynamoDbStoreOptions,
} from '../../../lib/stores/dynamodb/dynamodb-store-options.js';
import { dynamoDbStore } from '../../../lib/stores/dynamodb/index.js';
import { leaseStoreConformance, VirtualClock, type ConformanceHarness } from '../../../lib/testing/index.js';
import { DynamoDbTable, type TableModelOptions } from '../../support/dynamodb-table.js';
import { silent } from '../../support/fixtures.js';
import { useTable, resolved } from './lease-fixtures.js';

const DIALECTS: Dialect[] = ['dynamolock', 'aws-java'];
const OBSERVED = { expiry: 'observed', lacks: ['whenFreed', 'renewMany'] } as const;

function garbage(key: string) {
  return {
    key: { S: key },
    ownerName: { S: 'somebody' },
    leaseDuration: { S: 'garbage' },
    recordVersionNumber: { S: 'version' },
  };
}

function suite(harness: ConformanceHarness): void {
  for (const { name, run } of leaseStoreConformance(harness)) it(name, run, 60_000);
}

const ELSEWHERE = {
  sortKey: { name: 'sort', value: 's' },
  namespace: 'shop/',
  ownerName: 'orders-1',
};

describe.each(DIALECTS)('DynamoDB store in the dialect %s, over the table model', dialect => {
  const variants: [string, TableModelOptions, Partial<ResolvedDynamoDbStoreOptions>][] = [
    ['as the service', {}, {}],
    ['as an emulator, which does not tell of the old row', { tellsOldItem: false, pageSize: 7 }, {}],
    ['with sort key, namespace and owner name', { sortKey: 'sort' }, ELSEWHERE],
  ];
  describe.each(variants)('%s', (_, model, own) => {
    const clock = new VirtualClock();
    const table = new DynamoDbTable({ clock, ...model });
    const options = resolved({ dialect, ...own });
    const open = async () => new DynamoDbLeaseStore(options, { client: table, clock });
    suite({
      ...OBSERVED,
      open,
      reopen: open,
      elapse: ms => clock.advance(ms),
      ttlMs: 1000,
      corrupt: async key => table.put({ ...garbage(options.namespace + key), sort: { S: 's' } }),
    });
  });
});

describe('DynamoDB store, over a server', () => {
  const opened = useTable();

  describe.each(DIALECTS)('in the dialect %s', dialect => {
    const open = async () => {
      const { table, client } = opened;
      return dynamoDbStore({ table, client, dialect, logger: silent });
    };
    suite({
      ...OBSERVED,
      open,
      reopen: open,
      elapse: ms => new Promise(resolve => setTimeout(resolve, ms)),
      ttlMs: 300,
      keyPrefix: `conformance-${dialect}/`,
      corrupt: async key => {
        await opened.client.send(new PutItemCommand({ TableName: opened.table, Item: garbage(key) }));
      },
    });
  });
});
