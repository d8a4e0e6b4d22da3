import type { CreateTableCommandInput, KeyType, TableDescription } from '@aws-sdk/client-dynamodb';
import { OptionsInvalidError } from '../../core/errors.js';
import type { ResolvedDynamoDbStoreOptions } from './dynamodb-store-options.js';
import type { ResolvedTableOptions } from './table-options.js';

/** What a table is for a store: its name and its keys. */
export type TableKeys = Pick<ResolvedDynamoDbStoreOptions, 'table' | 'partitionKey' | 'sortKey'>;

/** The request that makes such a table: on demand, unless `throughput` says otherwise. */
export function createTableInput(
  { table, partitionKey, sortKey }: TableKeys,
  { throughput, tags }: ResolvedTableOptions,
): CreateTableCommandInput {
  const keys: { name: string; type: KeyType }[] = [{ name: partitionKey, type: 'HASH' }];
  if (sortKey !== undefined) keys.push({ name: sortKey.name, type: 'RANGE' });
  const tagList = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return {
    TableName: table,
    KeySchema: keys.map(({ name, type }) => ({ AttributeName: name, KeyType: type })),
    AttributeDefinitions: keys.map(({ name }) => ({ AttributeName: name, AttributeType: 'S' })),
    BillingMode: throughput === undefined ? 'PAY_PER_REQUEST' : 'PROVISIONED',
    ...(throughput && {
      ProvisionedThroughput: { ReadCapacityUnits: throughput.read, WriteCapacityUnits: throughput.write },
    }),
    ...(tagList.length > 0 && { Tags: tagList }),
  };
}

/**
 * Compares names and types of the keys.
 * @throws OptionsInvalidError naming each difference
 */
export function assertKeys(found: TableDescription, { table, partitionKey, sortKey }: TableKeys): void {
  const problems: string[] = [];
  const compare = (what: string, option: string, type: KeyType, expected: string | undefined): void => {
    const expectation = expected === undefined ? 'none' : `'${expected}' (S)`;
    const fact = describeKey(found, type);
    if (fact === expectation) return;
    problems.push(
      `table ('${table}') has another ${what}: expected ${expectation}, found ${fact}; correct ${option}, or use another table`,
    );
  };
  compare('partition key', 'partitionKey', 'HASH', partitionKey);
  compare('sort key', 'sortKey', 'RANGE', sortKey?.name);
  if (problems.length > 0) throw new OptionsInvalidError(problems);
}

function describeKey({ KeySchema, AttributeDefinitions }: TableDescription, type: KeyType): string {
  const name = KeySchema?.find(key => key.KeyType === type)?.AttributeName;
  if (name === undefined) return 'none';
  const definition = AttributeDefinitions?.find(attribute => attribute.AttributeName === name);
  return `'${name}' (${definition?.AttributeType ?? 'of unknown type'})`;
}
