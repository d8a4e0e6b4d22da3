import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { OptionProblems } from '../../core/option-problems.js';
import type { LockLogger } from '../../core/ports.js';
import {
  checkEnsureTable,
  checkKeyName,
  checkNamespace,
  checkOwnerName,
  checkSortKey,
  checkTableName,
  checkWhere,
  OWN_CLIENT,
} from './option-checks.js';
import type { ResolvedTableOptions, TableOptions } from './table-options.js';

/** Whose rows are written: those of Go dynamolock, or those of the AWS lock client for Java. Both are read. */
export type Dialect = 'dynamolock' | 'aws-java';

/** A client of the AWS SDK v3, as far as it is used here; its own type depends on all the commands that it knows. */
export interface AwsDynamoDbClient {
  send(command: object, options: { abortSignal?: AbortSignal }): Promise<unknown>;
  destroy(): void;
}

/** Options of {@link dynamoDbStore}. Without `client`, the store makes its own. */
export interface DynamoDbStoreOptions {
  /** Name or ARN of the table. */
  table: string;
  /** A client of the application. Its settings are left alone. */
  client?: AwsDynamoDbClient;
  /** Whether `close()` destroys the application's `client`. @default false */
  closeClient?: boolean;
  /** @default that of the environment, as the AWS SDK finds it */
  region?: string;
  /** Where the service is, if not at AWS: `http://localhost:8000`. */
  endpoint?: string;
  /** @default those of the environment, as the AWS SDK finds them */
  credentials?: DynamoDBClientConfig['credentials'];
  /**
   * Options of the AWS SDK for the client that the store makes. Its retries stay off (`maxAttempts` 1), since the engine
   * retries; `requestHandler`, if it is plain options, is merged with the store's own.
   */
  options?: DynamoDBClientConfig;
  /** Whose rows are written. @default 'dynamolock' */
  dialect?: Dialect;
  /** Name of the table's partition key. @default 'key' */
  partitionKey?: string;
  /** For a table with a sort key: its name, and the value that all rows of this store have there. */
  sortKey?: { name: string; value: string };
  /** Put before each key, literally. @default '' */
  namespace?: string;
  /** Whether a release deletes the row, and with it fencing token, data and attributes. @default false */
  deleteOnRelease?: boolean;
  /** What is written as `ownerName`. @default the random id of each acquisition */
  ownerName?: string;
  /** Whether `open()` makes the table if there is none; with options, how. @default false */
  ensureTable?: boolean | TableOptions;
  /** Where the store tells of outages. @default the console */
  logger?: LockLogger;
}

/** Complete, except for where to connect. */
export interface ResolvedDynamoDbStoreOptions {
  readonly table: string;
  readonly dialect: Dialect;
  readonly partitionKey: string;
  readonly sortKey?: { readonly name: string; readonly value: string };
  readonly namespace: string;
  readonly deleteOnRelease: boolean;
  readonly ownerName?: string;
  /** Whether a missing table is made: by `open()`, and in the background whenever it is found missing. */
  readonly makesTable: boolean;
  readonly tableOptions: ResolvedTableOptions;
}

const DEFAULT_PARTITION_KEY = 'key';
const DIALECTS: readonly Dialect[] = ['dynamolock', 'aws-java'];
const NAMES: readonly (keyof DynamoDbStoreOptions)[] = [
  'table',
  'client',
  'closeClient',
  ...OWN_CLIENT,
  'dialect',
  'partitionKey',
  'sortKey',
  'namespace',
  'deleteOnRelease',
  'ownerName',
  'ensureTable',
  'logger',
];

/** @throws OptionsInvalidError naming everything that is wrong; never a secret */
export function resolveDynamoDbStoreOptions(options: DynamoDbStoreOptions): ResolvedDynamoDbStoreOptions {
  const problems = new OptionProblems();
  problems.names(options, NAMES);
  checkTableName(options.table, problems);
  checkWhere(options, problems);
  problems.choice('dialect', options.dialect, DIALECTS);
  problems.flag('closeClient', options.closeClient);
  problems.flag('deleteOnRelease', options.deleteOnRelease);
  const partitionKey = options.partitionKey ?? DEFAULT_PARTITION_KEY;
  checkKeyName('partitionKey', partitionKey, DEFAULT_PARTITION_KEY, problems);
  checkSortKey(options.sortKey, partitionKey, problems);
  checkNamespace(options.namespace, problems);
  checkOwnerName(options.ownerName, problems);
  const tableOptions = checkEnsureTable(options.ensureTable, problems);
  problems.throwIfAny();
  const { sortKey, ownerName, ensureTable = false } = options;
  return Object.freeze({
    table: options.table,
    dialect: options.dialect ?? DIALECTS[0]!,
    partitionKey,
    ...(sortKey && { sortKey: Object.freeze({ name: sortKey.name, value: sortKey.value }) }),
    namespace: options.namespace ?? '',
    deleteOnRelease: options.deleteOnRelease ?? false,
    ...(ownerName !== undefined && { ownerName }),
    makesTable: ensureTable !== false,
    tableOptions,
  });
}
