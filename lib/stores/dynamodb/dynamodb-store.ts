import { describeError } from '../../core/describe-error.js';
import type { LockLogger } from '../../core/ports.js';
import { consoleLogger } from '../../platform/console-logger.js';
import { systemClock } from '../../platform/system-clock.js';
import { clientSource } from './client-source.js';
import { DynamoDbConnection } from './dynamodb-connection.js';
import { isAccessDenied, mayPass } from './dynamodb-errors.js';
import { DynamoDbLeaseStore, type DynamoDbStoreParts } from './dynamodb-lease-store.js';
import {
  resolveDynamoDbStoreOptions,
  type DynamoDbStoreOptions,
  type ResolvedDynamoDbStoreOptions,
} from './dynamodb-store-options.js';
import { LeaseTable } from './lease-table.js';
import { tableMaking } from './table-making.js';
import { resolveTableOptions, type TableOptions } from './table-options.js';

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
  const { makesTable, tableOptions } = resolved;
  const { logger = consoleLogger } = options;
  const connection = new DynamoDbConnection(clientSource(options), logger);
  const table = new LeaseTable(connection, resolved, tableOptions, systemClock);
  const client = makesTable ? tableMaking(connection, () => table.ensure(), logger) : connection;
  return new DynamoDbStore(resolved, { client, connection, clock: systemClock, logger, table, makesTable });
}

/** What a {@link DynamoDbStore} is made of besides its options. */
export interface DynamoDbServices extends DynamoDbStoreParts {
  readonly connection: DynamoDbConnection;
  readonly logger: LockLogger;
  readonly table: LeaseTable;
  readonly makesTable: boolean;
}

/** A {@link DynamoDbLeaseStore} that also looks after its table. */
export class DynamoDbStore extends DynamoDbLeaseStore {
  constructor(
    options: ResolvedDynamoDbStoreOptions,
    private readonly services: DynamoDbServices,
  ) {
    super(options, services);
  }

  /**
   * Makes the table if that was asked for, else looks whether it is there; either way waits until it is ACTIVE and checks
   * its keys. A service that is down is no error, nor is a missing right to describe a table that was not to be made.
   * @throws OptionsInvalidError when the table is missing or has other keys, or the AWS SDK is not installed
   * @throws StoreRejectedError when the service refuses for good
   */
  async open(): Promise<void> {
    const { table, makesTable, connection, logger } = this.services;
    try {
      await (makesTable ? table.ensure() : table.check());
    } catch (error) {
      if (table.isClosed) return;
      if (isAccessDenied(error) && !makesTable) return;
      if (!mayPass(error)) throw error;
      if (!connection.isKnownDown)
        logger.warn(`${describeError(error)}. Locks are granted once this is over.`);
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
    await this.services.table.ensure(options && resolveTableOptions(options));
  }

  /**
   * Makes the table and waits until it is ACTIVE.
   * @param options those of the store's `ensureTable` unless given
   * @throws StoreRejectedError when there is one already, or the service refuses
   * @throws StoreUnavailableError
   */
  async createTable(options?: TableOptions): Promise<void> {
    await this.services.table.create(options && resolveTableOptions(options));
  }

  /**
   * Whether there is such a table and it can be used.
   * @throws StoreRejectedError, StoreUnavailableError
   */
  tableExists(): Promise<boolean> {
    return this.services.table.exists();
  }

  override async close(): Promise<void> {
    this.services.table.close();
    await super.close();
  }
}
