import type {
  DeleteItemCommandInput,
  DeleteItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  ScanCommandInput,
  ScanCommandOutput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { describeError } from '../../core/describe-error.js';
import { StoreRejectedError } from '../../core/errors.js';
import type { CallOptions } from '../../core/lease-store.js';
import type { LockLogger } from '../../core/ports.js';
import type { DynamoDbClient } from './dynamodb-client.js';
import { isTableMissing, mayPass } from './dynamodb-errors.js';

/** `given-up`: making the table has failed for good. */
type MakingState = 'idle' | 'making' | 'given-up' | 'closed';

/**
 * Makes the table in the background when a request finds that it is missing, as after a start without the service. Such a
 * request is refused for now; it does not wait.
 */
export class TableMakingClient implements DynamoDbClient {
  private state: MakingState = 'idle';

  constructor(
    private readonly client: DynamoDbClient,
    private readonly makeTable: () => Promise<void>,
    private readonly logger: LockLogger,
  ) {}

  update(input: UpdateItemCommandInput, call: CallOptions): Promise<UpdateItemCommandOutput> {
    return this.watch(this.client.update(input, call));
  }

  delete(input: DeleteItemCommandInput, call: CallOptions): Promise<DeleteItemCommandOutput> {
    return this.watch(this.client.delete(input, call));
  }

  get(input: GetItemCommandInput, call: CallOptions): Promise<GetItemCommandOutput> {
    return this.watch(this.client.get(input, call));
  }

  scan(input: ScanCommandInput, call: CallOptions): Promise<ScanCommandOutput> {
    return this.watch(this.client.scan(input, call));
  }

  close(): void {
    this.state = 'closed';
    this.client.close();
  }

  private async watch<T>(reply: Promise<T>): Promise<T> {
    try {
      return await reply;
    } catch (error) {
      if (!isTableMissing(error) || this.state === 'given-up' || this.state === 'closed') throw error;
      if (this.state === 'idle') void this.make();
      throw new StoreRejectedError(
        'the table is missing, and is being made. It may succeed when tried again.',
        {
          retryable: true,
          cause: error,
        },
      );
    }
  }

  private async make(): Promise<void> {
    this.state = 'making';
    let next: MakingState = 'idle';
    try {
      await this.makeTable();
    } catch (error) {
      if (!mayPass(error)) next = 'given-up';
      if (!this.isClosed()) this.logger.error(`The table cannot be made: ${describeError(error)}.`);
    }
    if (!this.isClosed()) this.state = next;
  }

  /** Asked after an await, where the compiler would still trust what was assigned before it. */
  private isClosed(): boolean {
    return this.state === 'closed';
  }
}
