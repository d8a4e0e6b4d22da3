import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { StoreRejectedError, StoreUnavailableError } from '../../lib/core/errors.js';
import type { CallOptions } from '../../lib/core/lease-store.js';
import type { Clock } from '../../lib/core/ports.js';
import type { Item, RowClient } from '../../lib/stores/dynamodb/row-client.js';
import { ConditionFailed } from '../../lib/stores/dynamodb/dynamodb-errors.js';
import { ExpressionReader, type Expressions } from './dynamodb-expressions.js';

export interface TableModelOptions {
  /** @default 'key' */
  partitionKey?: string;
  sortKey?: string;
  /** Whether a refused write tells of the row that refused it. Emulators do not. @default true */
  tellsOldItem?: boolean;
  /** Rows that a scan looks at per page. @default 100 */
  pageSize?: number;
  clock?: Clock;
  /** How long a command is on its way, each way, on `clock`. Asked per command. @default no time */
  delaysMs?: () => { there: number; back: number };
}

/** One table of DynamoDB in this process: it understands what our store sends, and any number of stores may share it. */
export class DynamoDbTable implements RowClient {
  readonly rows = new Map<string, Item>();
  /** Commands that arrived, refused ones included: what the service charges for. */
  readonly arrived = { writes: 0, reads: 0, scans: 0 };
  private readonly keyNames: readonly string[];

  constructor(private readonly options: TableModelOptions = {}) {
    const { partitionKey = 'key', sortKey } = options;
    this.keyNames = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
  }

  readonly update: RowClient['update'] = (input, call) =>
    this.exchange(call, () => {
      this.arrived.writes += 1;
      const { id, row } = this.find(input.Key!);
      const reader = this.checked(input, row, input.ReturnValuesOnConditionCheckFailure);
      const updated = { ...input.Key!, ...reader.update(input.UpdateExpression!) };
      reader.assertAllUsed();
      this.rows.set(id, updated);
      return {
        Attributes: structuredClone(input.ReturnValues === 'ALL_NEW' ? updated : changedBy(input, updated)),
        ...METADATA,
      };
    });

  readonly delete: RowClient['delete'] = (input, call) =>
    this.exchange(call, () => {
      this.arrived.writes += 1;
      const { id, row } = this.find(input.Key!);
      this.checked(input, row, input.ReturnValuesOnConditionCheckFailure).assertAllUsed();
      this.rows.delete(id);
      return { Attributes: structuredClone(row!), ...METADATA };
    });

  readonly get: RowClient['get'] = (input, call) =>
    this.exchange(call, () => {
      this.arrived.reads += 1;
      const { row } = this.find(input.Key!);
      return { ...(row !== undefined && { Item: structuredClone(row) }), ...METADATA };
    });

  readonly scan: RowClient['scan'] = (input, call) =>
    this.exchange(call, () => {
      this.arrived.scans += 1;
      const { pageSize = 100 } = this.options;
      const after = input.ExclusiveStartKey === undefined ? '' : this.idOf(input.ExclusiveStartKey);
      const page = [...this.rows].filter(([id]) => id > after).sort(([a], [b]) => (a < b ? -1 : 1));
      const seen = page.slice(0, pageSize).map(([, row]) => row);
      const last = page.length > pageSize ? seen.at(-1) : undefined;
      const matches = (row: Item): boolean =>
        input.FilterExpression === undefined ||
        new ExpressionReader(input, row).condition(input.FilterExpression);
      return {
        Items: structuredClone(seen.filter(matches)),
        ...(last !== undefined && { LastEvaluatedKey: this.keyOf(last) }),
        ...METADATA,
      };
    });

  close(): void {}

  /** Sets a row as another client would, without conditions. */
  put(item: Item): void {
    this.rows.set(this.idOf(item), structuredClone(item));
  }

  /** The row of a partition key; with a sort key, the first such row. */
  row(key: string): Item | undefined {
    const [partitionKey] = this.keyNames;
    const found = [...this.rows.values()].find(item => item[partitionKey!]?.S === key);
    return structuredClone(found);
  }

  private checked(
    input: Expressions & { ConditionExpression?: string },
    row: Item | undefined,
    returned: string | undefined,
  ): ExpressionReader {
    const reader = new ExpressionReader(input, row ?? {});
    if (reader.condition(input.ConditionExpression!)) return reader;
    const tells = returned === 'ALL_OLD' && this.options.tellsOldItem !== false;
    throw new ConditionFailed(tells ? structuredClone(row) : undefined);
  }

  private find(key: Item): { id: string; row: Item | undefined } {
    const id = this.idOf(key);
    return { id, row: this.rows.get(id) };
  }

  private idOf(item: Item): string {
    return JSON.stringify(this.keyNames.map(name => item[name]!.S));
  }

  private keyOf(item: Item): Item {
    return Object.fromEntries(this.keyNames.map(name => [name, item[name]!]));
  }

  /** A caller that gives up does not stop what it has sent. */
  private async exchange<T>(call: CallOptions, apply: () => T): Promise<T> {
    const { there, back } = this.options.delaysMs?.() ?? { there: 0, back: 0 };
    const exchanged = this.pause(there).then(async () => {
      try {
        return apply();
      } catch (error) {
        if (error instanceof Error && error.name === 'ValidationException')
          throw new StoreRejectedError(error.message, { retryable: false, cause: error });
        throw error;
      } finally {
        await this.pause(back);
      }
    });
    const { signal } = call;
    if (signal === undefined) return exchanged;
    exchanged.catch(() => {});
    const aborted = new Promise<never>((_, reject) => {
      const giveUp = (): void => reject(new StoreUnavailableError('no answer in time.', { sent: true }));
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
    return Promise.race([exchanged, aborted]);
  }

  private pause(ms: number): Promise<void> {
    const { clock } = this.options;
    if (clock === undefined || ms <= 0) return Promise.resolve();
    return new Promise(resolve => void clock.startTimer(ms, resolve));
  }
}

const METADATA = { $metadata: {} };

/** Of a row, what an update has set: UPDATED_NEW. */
function changedBy(
  { UpdateExpression: update = '', ExpressionAttributeNames: names = {} }: UpdateItemCommandInput,
  row: Item,
): Item {
  const set = [...update.matchAll(/(#\w+) = /g)].map(([, alias]) => names[alias!]!);
  return Object.fromEntries(set.map(name => [name, row[name]!]));
}
