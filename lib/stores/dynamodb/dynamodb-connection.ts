import type { DescribeTableCommandOutput } from '@aws-sdk/client-dynamodb';
import { StoreUnavailableError } from '../../core/errors.js';
import type { CallOptions } from '../../core/lease-store.js';
import type { LockLogger } from '../../core/ports.js';
import type { ClientSource, Sdk } from './client-source.js';
import {
  isTableInUse,
  isTableMissing,
  notAnswered,
  notConnected,
  reasonOf,
  toStoreError,
} from './dynamodb-errors.js';
import type { AwsDynamoDbClient } from './dynamodb-store-options.js';
import type { RowClient, TableClient } from './row-client.js';

/**
 * `silent`: a request had no answer, and none that was sent since has one. Alone that is no outage: the service closes
 * connections that have been idle, and one request may be slow. `down`: an outage has been logged that has not ended.
 */
type ConnectionState = 'up' | 'silent' | 'down' | 'closed';

/** The SDK's client: sends, gives up with the caller, tells of outages. */
export class DynamoDbConnection implements RowClient, TableClient {
  private state: ConnectionState = 'up';
  private opened: { sdk: Sdk; client: AwsDynamoDbClient } | undefined;
  private opening: ReturnType<ClientSource['open']> | undefined;

  constructor(
    private readonly source: ClientSource,
    private readonly logger: LockLogger,
  ) {}

  /** Whether an outage has been logged that has not ended. */
  get isKnownDown(): boolean {
    return this.state === 'down';
  }

  readonly update: RowClient['update'] = (input, call) =>
    this.send(input.TableName, call, sdk => new sdk.UpdateItemCommand(input));

  readonly delete: RowClient['delete'] = (input, call) =>
    this.send(input.TableName, call, sdk => new sdk.DeleteItemCommand(input));

  readonly get: RowClient['get'] = (input, call) =>
    this.send(input.TableName, call, sdk => new sdk.GetItemCommand(input));

  readonly scan: RowClient['scan'] = (input, call) =>
    this.send(input.TableName, call, sdk => new sdk.ScanCommand(input));

  readonly describeTable: TableClient['describeTable'] = async (table, call) => {
    try {
      const command = (sdk: Sdk): object => new sdk.DescribeTableCommand({ TableName: table });
      const output = await this.send<DescribeTableCommandOutput>(table, call, command);
      // An answer without it is none of DynamoDB's
      if (output.Table === undefined) throw notAnswered(new Error('the answer describes no table'));
      return output.Table;
    } catch (error) {
      if (isTableMissing(error)) return undefined;
      throw error;
    }
  };

  readonly createTable: TableClient['createTable'] = async (input, call) => {
    try {
      await this.send(input.TableName, call, sdk => new sdk.CreateTableCommand(input));
      return 'created';
    } catch (error) {
      // Where the SDK has sent it again, it may be the table that it has just made.
      if (isTableInUse(error)) return error instanceof StoreUnavailableError ? 'created' : 'exists';
      throw error;
    }
  };

  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.source.dispose(this.opened?.client);
  }

  private async send<T>(
    table: string | undefined,
    call: CallOptions,
    command: (sdk: Sdk) => object,
  ): Promise<T> {
    const { sdk, client } = this.opened ?? (await this.open());
    if (this.state === 'closed') throw notConnected('the store is closed');
    if (call.signal?.aborted === true) throw notConnected('the caller gave up before');
    const sentIn = this.state;
    try {
      const reply = client.send(command(sdk), { abortSignal: call.signal });
      const output = await (call.signal === undefined ? reply : untilAborted(reply, call.signal));
      this.answered();
      return output as T;
    } catch (cause) {
      const error = toStoreError(cause, table);
      if (!(error instanceof StoreUnavailableError)) this.answered();
      else if (!error.sent || (sentIn === 'silent' && this.state === 'silent')) this.wentDown(cause);
      else if (this.state === 'up') this.state = 'silent';
      throw error;
    }
  }

  private async open(): Promise<{ sdk: Sdk; client: AwsDynamoDbClient }> {
    if (this.state === 'closed') throw notConnected('the store is closed');
    this.opening ??= this.source.open().finally(() => (this.opening = undefined));
    const opened = await this.opening;
    if (this.opened === undefined) {
      this.opened = opened;
      if (this.isClosed()) this.source.dispose(opened.client);
    }
    return this.opened;
  }

  /** Asked after an await, where the compiler would still trust the check before it. */
  private isClosed(): boolean {
    return this.state === 'closed';
  }

  private answered(): void {
    if (this.state === 'down') this.logger.log(`${this.source.target} is reachable again.`);
    if (this.state !== 'closed') this.state = 'up';
  }

  /** Once per outage, however many requests fail. */
  private wentDown(cause: unknown): void {
    if (this.state === 'down' || this.state === 'closed') return;
    this.state = 'down';
    this.logger.warn(`${this.source.target} is not reachable (${reasonOf(cause)}).`);
  }
}

/** The SDK looks at the signal only once it has credentials, which can take longer. */
function untilAborted<T>(reply: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(notAnswered(new Error('given up at the deadline')));
    signal.addEventListener('abort', giveUp, { once: true });
    reply.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
