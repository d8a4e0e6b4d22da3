import { StoreUnavailableError } from '../../lib/core/errors.js';
import type { CallOptions, LeaseStore } from '../../lib/core/lease-store.js';
import { DynamoDbLeaseStore } from '../../lib/stores/dynamodb/dynamodb-lease-store.js';
import { parseVersion } from '../../lib/stores/dynamodb/record-version.js';
import type { Item, RowClient } from '../../lib/stores/dynamodb/row-client.js';
import { DynamoDbTable } from '../support/dynamodb-table.js';
import { notAnswered, throttled, type Backend, type ClientParts, type Holding } from './backend.js';
import type { Link } from './link.js';
import type { Plan } from './plan.js';

const OPTIONS = {
  table: 'locks',
  partitionKey: 'key',
  namespace: '',
  deleteOnRelease: false,
  makesTable: false,
  tableOptions: { tags: {}, timeoutMs: 60_000 },
} as const;

/** One table, and the production store on conditional writes. */
export class DynamoDbBackend implements Backend {
  readonly refusal = throttled;
  readonly brokenOff = notAnswered;
  private readonly table = new DynamoDbTable();

  constructor(private readonly plan: Pick<Plan, 'dialect' | 'hearsLate'>) {}

  connect({ link, clock }: ClientParts): LeaseStore {
    const { dialect, hearsLate } = this.plan;
    const client = new RemoteTable(this.table, link, hearsLate);
    return new DynamoDbLeaseStore({ ...OPTIONS, dialect }, { client, clock });
  }

  holding(key: string): Holding | null {
    const row = this.table.rows.get(JSON.stringify([key]));
    if (row === undefined || 'isReleased' in row) return null;
    const version = parseVersion(row.recordVersionNumber!.S!);
    if (version?.state !== 'held' && version?.state !== 'revoked') return {};
    return { owner: version.owner, fencingToken: Number(row.fencingToken!.N) };
  }
}

/** Sends each command over the link; a caller that gives up does not stop what it has sent. */
class RemoteTable implements RowClient {
  constructor(
    private readonly table: DynamoDbTable,
    private readonly link: Link,
    private readonly hearsLate: boolean,
  ) {}

  readonly update: RowClient['update'] = (input, call) =>
    this.send('update', input.Key, call, () => this.table.update(input, unhurried));
  readonly delete: RowClient['delete'] = (input, call) =>
    this.send('delete', input.Key, call, () => this.table.delete(input, unhurried));
  readonly get: RowClient['get'] = (input, call) =>
    this.send('get', input.Key, call, () => this.table.get(input, unhurried));
  readonly scan: RowClient['scan'] = (input, call) =>
    this.send('scan', undefined, call, () => this.table.scan(input, unhurried));

  close(): void {}

  private send<T>(
    name: string,
    keys: Item | undefined,
    call: CallOptions,
    apply: () => Promise<T>,
  ): Promise<T> {
    if (this.hearsLate) return this.link.exchange({ name, key: keys?.key?.S }, apply) as Promise<T>;
    const { signal } = call;
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new StoreUnavailableError('no answer in time', { sent: true }));
      if (signal?.aborted === true) return giveUp();
      signal?.addEventListener('abort', giveUp, { once: true });
      this.link.exchange({ name, key: keys?.key?.S }, apply).then(resolve, reject);
    });
  }
}

const unhurried: CallOptions = { timeoutMs: Infinity };
