import { describeValue } from '../../core/describe-value.js';
import { LONE_SURROGATE } from '../../core/keys.js';
import type { OptionProblems } from '../../core/option-problems.js';
import { isUrl, redactUrl } from '../../core/redact-url.js';
import type { DynamoDbStoreOptions } from './dynamodb-store-options.js';
import { LEASE_FIELDS } from './lease-item.js';
import { checkTableOptions, type ResolvedTableOptions } from './table-options.js';

/** Options of the client that the store makes. */
export const OWN_CLIENT = ['region', 'endpoint', 'credentials', 'options'] as const;

/** A partition key holds 2048 bytes, and a lease's key up to 1024 of them. */
const MAX_NAMESPACE_BYTES = 1024;
const MAX_SORT_KEY_BYTES = 1024;
const MAX_ATTRIBUTE_NAME_BYTES = 255;
const TABLE_NAME = /^(arn:[\w-]+:dynamodb:[\w-]+:\d{12}:table\/)?[\w.-]{3,255}$/;

/** Adds to `problems` what is wrong with the name of the table; the others do likewise, each with its option. */
export function checkTableName(table: unknown, problems: OptionProblems): void {
  if (typeof table === 'string' && TABLE_NAME.test(table)) return;
  problems.add(
    `table (${describeValue(table)}) must name a DynamoDB table by 3 to 255 letters, digits, '_', '-' and '.', or by its ARN; try 'locks'`,
  );
}

/** The client, or what one is made of: not both, and nothing twice. */
export function checkWhere(options: DynamoDbStoreOptions, problems: OptionProblems): void {
  const { client, closeClient, endpoint, region } = options;
  const own = OWN_CLIENT.filter(name => options[name] !== undefined);
  if (client !== undefined && own.length > 0) {
    problems.add(
      `${own.join(', ')} must not be given together with client, which has its own; remove one or the other`,
    );
  }
  if (client !== undefined && !isSdkClient(client)) {
    problems.add(
      'client must be a DynamoDBClient of the AWS SDK v3; try new DynamoDBClient({}), or give region instead',
    );
  }
  if (closeClient === true && client === undefined) {
    problems.add(
      'closeClient (true) is about client, which is not given; remove it, as the own client is closed anyway',
    );
  }
  const given: unknown = options.options;
  if (given !== undefined && (typeof given !== 'object' || given === null)) {
    problems.add(
      `options (${describeValue(given)}) must be those of a DynamoDBClient; try { maxAttempts: 1 }`,
    );
  } else {
    for (const name of ['region', 'endpoint', 'credentials'] as const) {
      if (options[name] === undefined || options.options?.[name] === undefined) continue;
      problems.add(`${name} must not be given twice; remove it from options`);
    }
  }
  if (region !== undefined && (typeof region !== 'string' || region === '')) {
    problems.add(`region (${describeValue(region)}) must be the name of a region; try 'eu-west-1'`);
  }
  if (endpoint !== undefined && !isUrl(endpoint, ['http', 'https'])) {
    problems.add(
      `endpoint (${redactUrl(endpoint)}) must start with http:// or https:// and name a host; try 'http://localhost:8000'`,
    );
  }
}

/** The name of one of the table's keys. */
export function checkKeyName(name: string, value: unknown, example: string, problems: OptionProblems): void {
  if (typeof value !== 'string' || value === '' || Buffer.byteLength(value) > MAX_ATTRIBUTE_NAME_BYTES) {
    problems.add(
      `${name} (${describeValue(value)}) must be the name of a key, of 1 to ${MAX_ATTRIBUTE_NAME_BYTES} bytes; try '${example}'`,
    );
  } else if ((LEASE_FIELDS as readonly string[]).includes(value)) {
    problems.add(`${name} ('${value}') is the name of another attribute of each row; try '${example}'`);
  }
}

/** Name and value; absent where the table has no sort key. */
export function checkSortKey(sortKey: unknown, partitionKey: string, problems: OptionProblems): void {
  if (sortKey === undefined) return;
  if (typeof sortKey !== 'object' || sortKey === null) {
    problems.add(
      `sortKey (${describeValue(sortKey)}) must have name and value; try { name: 'sort', value: 'lock' }`,
    );
    return;
  }
  problems.names(sortKey, ['name', 'value'], 'sortKey.');
  const { name, value } = sortKey as { name?: unknown; value?: unknown };
  checkKeyName('sortKey.name', name, 'sort', problems);
  if (name === partitionKey) {
    problems.add(
      `sortKey.name ('${partitionKey}') must not be that of the partition key; name the table's sort key`,
    );
  }
  if (!isText(value) || value === '' || Buffer.byteLength(value) > MAX_SORT_KEY_BYTES) {
    problems.add(
      `sortKey.value (${describeValue(value)}) must be text of 1 to ${MAX_SORT_KEY_BYTES} bytes; try 'lock'`,
    );
  }
}

/** May be empty or absent. */
export function checkNamespace(namespace: unknown, problems: OptionProblems): void {
  if (namespace === undefined) return;
  if (isText(namespace) && Buffer.byteLength(namespace) <= MAX_NAMESPACE_BYTES) return;
  problems.add(
    `namespace (${describeValue(namespace)}) must be text of at most ${MAX_NAMESPACE_BYTES} bytes; try 'billing/'`,
  );
}

/** May be absent, but not empty. */
export function checkOwnerName(ownerName: unknown, problems: OptionProblems): void {
  if (ownerName === undefined || (isText(ownerName) && ownerName !== '')) return;
  problems.add(
    `ownerName (${describeValue(ownerName)}) must be text that is not empty; remove it for a random one`,
  );
}

/** @returns how the table is made, if it is */
export function checkEnsureTable(ensureTable: unknown, problems: OptionProblems): ResolvedTableOptions {
  const hasOptions = typeof ensureTable === 'object' && ensureTable !== null;
  if (!hasOptions && ensureTable !== undefined && typeof ensureTable !== 'boolean') {
    problems.add(
      `ensureTable (${describeValue(ensureTable)}) must be true, false or the options of a table; try ensureTable: true`,
    );
  }
  return checkTableOptions(hasOptions ? ensureTable : {}, problems, 'ensureTable.');
}

/** A string that UTF-8 can hold. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !LONE_SURROGATE.test(value);
}

function isSdkClient(client: unknown): boolean {
  if (typeof client !== 'object' || client === null) return false;
  const methods = client as Record<string, unknown>;
  return ['send', 'destroy'].every(name => typeof methods[name] === 'function');
}
