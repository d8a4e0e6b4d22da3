import { describeError } from '../../core/describe-error.js';
import type { Clock, LockLogger } from '../../core/ports.js';
import { systemClock } from '../../platform/system-clock.js';
import { clientSource } from './client-source.js';
import { DynamoDbConnection } from './dynamodb-connection.js';
import { isAccessDenied, mayPass } from './dynamodb-errors.js';
import { DynamoDbLeaseStore } from './dynamodb-lease-store.js';
import {
  resolveDynamoDbStoreOptions,
  type DynamoDbStoreOptions,
  type ResolvedDynamoDbStoreOptions,
} from './dynamodb-store-options.js';
import { LeaseTable } from './table.js';
import { TableMakingClient } from './table-making-client.js';
import { resolveTableOptions, type ResolvedTableOptions, type TableOptions } from './table-options.js';

/**
 * A store that keeps leases in a DynamoDB table, in the rows of Go dynamolock or of the AWS lock client for Java, through
 * the AWS SDK v3.
 *
 * Connects on first use or `open()`. Close it, or the manager that uses it, to let go of its connections.
 *
 * @example dynamoDbStore({ table: 'locks', region: 'eu-west-1' })
 * @example dynamoDbStore({ table: 'locks', client: new DynamoDBClient({}), dialect: 'aws-java' })
 * @throws OptionsInvalidError naming every option that is wrong
 */
export function dynamoDbStore(options: DynamoDbStoreOptions): DynamoDbStore {
  const resolved = resolveDynamoDbStoreOptions(options);
  const { ensureTable = false, logger = consoleLogger } = options;
  const connection = new DynamoDbConnection(clientSource(options), systemClock, logger);
  return new DynamoDbStore(resolved, {
    connection,
    clock: systemClock,
    logger,
    makesTable: ensureTable !== false,
    tableOptions: resolveTableOptions(typeof ensureTable === 'object' ? ensureTable : {}),
  });
}

/** What a {@link DynamoDbStore} is made of besides its options. */
export interface DynamoDbServices {
  readonly connection: DynamoDbConnection;
  readonly clock: Clock;
  readonly logger: LockLogger;
  /** Whether a missing table is made by `open()`, and in the background whenever it is found missing. */
  readonly makesTable: boolean;
  readonly tableOptions: ResolvedTableOptions;
}

/**
 * Leases in a DynamoDB table, ended by contenders that watch the record. One write to acquire, to renew and to release.
 *
 * @see docs/dynamodb.md for what it guarantees, its rows, the rights that it needs, and what it costs
 */
export class DynamoDbStore extends DynamoDbLeaseStore {
  private readonly connection: DynamoDbConnection;
  private readonly table: LeaseTable;
  private readonly makesTable: boolean;
  private readonly tableOptions: ResolvedTableOptions;
  private readonly openLogger: LockLogger;

  constructor(options: ResolvedDynamoDbStoreOptions, services: DynamoDbServices) {
    const { connection, clock, logger, makesTable, tableOptions } = services;
    const table = new LeaseTable(connection, options, clock);
    const client = makesTable
      ? new TableMakingClient(connection, () => table.ensure(tableOptions), logger)
      : connection;
    super(options, { client, clock });
    this.connection = connection;
    this.table = table;
    this.makesTable = makesTable;
    this.tableOptions = tableOptions;
    this.openLogger = logger;
  }

  /**
   * Makes the table if that was asked for, else looks whether it is there; either way waits until it is ACTIVE and checks
   * its keys. A service that is down is no error, nor is a missing right to describe a table that was not to be made.
   * @throws OptionsInvalidError when the table is missing or has other keys, or the AWS SDK is not installed
   * @throws StoreRejectedError when the service refuses for good
   */
  override async open(): Promise<void> {
    const { table, tableOptions } = this;
    try {
      await (this.makesTable ? table.ensure(tableOptions) : table.check(tableOptions.timeoutMs));
    } catch (error) {
      if (isAccessDenied(error) && !this.makesTable) return;
      if (!mayPass(error)) throw error;
      if (!this.connection.isKnownDown)
        this.openLogger.warn(`${describeError(error)}. Locks are granted once this is over.`);
    }
  }

  /**
   * Makes the table if there is none, waits until it is ACTIVE, and checks its keys. A table that exists keeps its
   * throughput and tags.
   * @param options those of the store's `ensureTable` unless given
   * @throws OptionsInvalidError when it has other keys, naming what differs
   * @throws StoreRejectedError, StoreUnavailableError
   */
  async ensureTable(options?: TableOptions): Promise<void> {
    await this.table.ensure(options === undefined ? this.tableOptions : resolveTableOptions(options));
  }

  /**
   * Makes the table and waits until it is ACTIVE.
   * @param options those of the store's `ensureTable` unless given
   * @throws StoreRejectedError when there is one already, or the service refuses
   * @throws StoreUnavailableError
   */
  async createTable(options?: TableOptions): Promise<void> {
    await this.table.create(options === undefined ? this.tableOptions : resolveTableOptions(options));
  }

  /**
   * Whether there is such a table and it can be used.
   * @throws StoreRejectedError, StoreUnavailableError
   */
  tableExists(): Promise<boolean> {
    return this.table.exists();
  }

  override async close(): Promise<void> {
    this.table.close();
    await super.close();
  }
}

/* eslint-disable no-console -- what a store says when nobody has given it a logger */
const consoleLogger: LockLogger = {
  log: message => console.log(message),
  warn: message => console.warn(message),
  error: message => console.error(message),
};
