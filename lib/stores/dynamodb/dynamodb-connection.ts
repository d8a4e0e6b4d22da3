import type {
  CreateTableCommandInput,
  DeleteItemCommandInput,
  DeleteItemCommandOutput,
  DescribeTableCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  ScanCommandInput,
  ScanCommandOutput,
  TableDescription,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { StoreUnavailableError } from '../../core/errors.js';
import type { CallOptions } from '../../core/lease-store.js';
import type { Clock, LockLogger } from '../../core/ports.js';
import type { ClientSource, Sdk, SdkClient } from './client-source.js';
import type { DynamoDbClient, TableClient } from './dynamodb-client.js';
import {
  isTableInUse,
  isTableMissing,
  notAnswered,
  notConnected,
  reasonOf,
  toStoreError,
} from './dynamodb-errors.js';

/** `down`: an outage has been logged that has not ended. */
type ConnectionState = 'up' | 'down' | 'closed';

/** The SDK's client: sends, gives up with the caller, tells of outages. */
export class DynamoDbConnection implements DynamoDbClient, TableClient {
  private state: ConnectionState = 'up';
  private opened: { sdk: Sdk; client: SdkClient } | undefined;
  private opening: ReturnType<ClientSource['open']> | undefined;
  private answers = 0;
  private failuresInARow = 0;

  constructor(
    private readonly source: ClientSource,
    private readonly clock: Clock,
    private readonly logger: LockLogger,
  ) {}

  /** Whether an outage has been logged that has not ended. */
  get isKnownDown(): boolean {
    return this.state === 'down';
  }

  update(input: UpdateItemCommandInput, call: CallOptions): Promise<UpdateItemCommandOutput> {
    return this.send(input.TableName, call, sdk => new sdk.UpdateItemCommand(input));
  }

  delete(input: DeleteItemCommandInput, call: CallOptions): Promise<DeleteItemCommandOutput> {
    return this.send(input.TableName, call, sdk => new sdk.DeleteItemCommand(input));
  }

  get(input: GetItemCommandInput, call: CallOptions): Promise<GetItemCommandOutput> {
    return this.send(input.TableName, call, sdk => new sdk.GetItemCommand(input));
  }

  scan(input: ScanCommandInput, call: CallOptions): Promise<ScanCommandOutput> {
    return this.send(input.TableName, call, sdk => new sdk.ScanCommand(input));
  }

  async describeTable(table: string, call: CallOptions): Promise<TableDescription | undefined> {
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
  }

  async createTable(input: CreateTableCommandInput, call: CallOptions): Promise<'created' | 'exists'> {
    try {
      await this.send(input.TableName, call, sdk => new sdk.CreateTableCommand(input));
      return 'created';
    } catch (error) {
      if (isTableInUse(error)) return 'exists';
      throw error;
    }
  }

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
    const { answers } = this;
    const sentAtMs = this.clock.monotonicMs();
    try {
      const reply = client.send(command(sdk), { abortSignal: call.signal });
      const output = await (call.signal === undefined ? reply : untilAborted(reply, call.signal));
      this.answered();
      return output as T;
    } catch (cause) {
      const error = toStoreError(cause, table);
      if (!(error instanceof StoreUnavailableError)) this.answered();
      // Neither a lost reply among others nor a caller in a hurry is an outage
      else if (this.answers === answers && !this.isHasty(call, sentAtMs)) this.failed(error, cause);
      throw error;
    }
  }

  private async open(): Promise<{ sdk: Sdk; client: SdkClient }> {
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

  private isHasty({ timeoutMs, signal }: CallOptions, sentAtMs: number): boolean {
    return signal?.aborted === true && this.clock.monotonicMs() - sentAtMs < timeoutMs * 0.9;
  }

  private answered(): void {
    this.answers++;
    this.failuresInARow = 0;
    if (this.state !== 'down') return;
    this.state = 'up';
    this.logger.log(`${this.source.target} is reachable again.`);
  }

  /** A single reset is no outage: it is how the service closes a connection that has been idle. */
  private failed(error: StoreUnavailableError, cause: unknown): void {
    this.failuresInARow++;
    if (this.state !== 'up' || (error.sent && this.failuresInARow < 2)) return;
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
