import type {
  AttributeValue,
  CreateTableCommandInput,
  DeleteItemCommandInput,
  DeleteItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  ScanCommandInput,
  ScanCommandOutput,
  TableDescription,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import type { CallOptions } from '../../core/lease-store.js';

/** A row as DynamoDB knows it. */
export type Item = Record<string, AttributeValue>;

/**
 * The operations that the store uses. Each resolves with the SDK's output, or rejects with an error of the port or, where
 * the condition of a write did not hold, with `ConditionFailed`.
 */
export interface RowClient {
  update(input: UpdateItemCommandInput, call: CallOptions): Promise<UpdateItemCommandOutput>;
  delete(input: DeleteItemCommandInput, call: CallOptions): Promise<DeleteItemCommandOutput>;
  get(input: GetItemCommandInput, call: CallOptions): Promise<GetItemCommandOutput>;
  scan(input: ScanCommandInput, call: CallOptions): Promise<ScanCommandOutput>;
  /** Idempotent. What is sent afterwards is refused as never sent. */
  close(): void;
}

/** The operations on tables. Each rejects with an error of the port. */
export interface TableClient {
  /** @returns `undefined` where there is no such table */
  describeTable(table: string, call: CallOptions): Promise<TableDescription | undefined>;
  createTable(input: CreateTableCommandInput, call: CallOptions): Promise<'created' | 'exists'>;
}
