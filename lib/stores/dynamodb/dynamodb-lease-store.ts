import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { StoreRejectedError } from '../../core/errors.js';
import type {
  AcquireOutcome,
  AcquireRequest,
  CallOptions,
  LeaseRecord,
  LeaseStore,
  ReleaseOutcome,
  ReleaseRequest,
  RenewOutcome,
  RenewRequest,
  RevokeRequest,
} from '../../core/lease-store.js';
import { ABSENT, NOT_HELD, RELEASED } from '../../core/outcomes.js';
import type { Clock } from '../../core/ports.js';
import { Commands, type RowMatch } from './commands.js';
import type { Item, RowClient } from './row-client.js';
import { ConditionFailed, notAnswered } from './dynamodb-errors.js';
import type { ResolvedDynamoDbStoreOptions } from './dynamodb-store-options.js';
import {
  checkToken,
  isGrantOf,
  isHeldBy,
  ownerOf,
  parseItem,
  reservedNames,
  toRecord,
  type LeaseItem,
} from './lease-item.js';
import { Observations, type Observation } from './observations.js';
import type { HeldVersion } from './record-version.js';

/** What a {@link DynamoDbLeaseStore} is made of besides its options. */
export interface DynamoDbStoreParts {
  readonly client: RowClient;
  readonly clock: Clock;
}

type HeldRow = LeaseItem & { readonly ours: HeldVersion };

/** What became of a conditional write; where it was refused, the row that stood in its way. */
type Written =
  | { readonly applied: true; readonly item: Item }
  | { readonly applied: false; readonly row: LeaseItem | null };

/** How often a write is built anew for a row that changes under it. */
const MAX_ROUNDS = 5;

/**
 * Leases as rows of a DynamoDB table: those of Go dynamolock, or of the AWS lock client for Java, plus a fencing token and
 * the holder. No row holds a time; contenders end a lease by watching its record version. One write to acquire a free key,
 * one to renew, one to release.
 *
 * @see docs/dynamodb.md for what it guarantees, what it costs, and the rights that it needs
 */
export class DynamoDbLeaseStore implements LeaseStore {
  readonly name = 'dynamodb';
  readonly expiry = 'observed';
  readonly reservedAttributes: readonly string[];
  private readonly commands: Commands;
  private readonly observations: Observations;
  private lastSeed = 0;

  constructor(
    private readonly options: ResolvedDynamoDbStoreOptions,
    private readonly parts: DynamoDbStoreParts,
  ) {
    const { partitionKey, sortKey } = options;
    this.reservedAttributes = reservedNames(sortKey ? [partitionKey, sortKey.name] : [partitionKey]);
    this.commands = new Commands(options);
    this.observations = new Observations(parts.clock);
  }

  /** A key that was seen held is read first, since a write that is refused costs as much as any other. */
  async acquire(request: AcquireRequest, call: CallOptions): Promise<AcquireOutcome> {
    const { key, owner, driftRate, onlyIfDead = false } = request;
    const known = this.observations.get(key, driftRate);
    const isWorthWriting = known === undefined ? !onlyIfDead : known.freeInMs === 0;
    if (isWorthWriting) return this.take(request, known?.version, call);
    const row = await this.read(key, call);
    if (row === null || row.isReleased) {
      return onlyIfDead ? this.notTaken(request, row) : this.take(request, undefined, call);
    }
    if (isHeldBy(row, owner)) return this.grantAgain(request, row, call);
    const seen = this.watch(request, row);
    return seen.freeInMs === 0 ? this.take(request, row.version, call) : this.held(row, seen);
  }

  async renew(request: RenewRequest, call: CallOptions): Promise<RenewOutcome> {
    const { key, owner, fencingToken, ttlMs, sentAt } = request;
    const written = await this.update(key, this.commands.renew(request), call);
    if (written.applied) return { kind: 'renewed', sentAt };
    // Delivered before, or overtaken by a newer one
    const { row } = written;
    return isHeldBy(row, owner, fencingToken) ? { kind: 'renewed', sentAt: sentAtOf(row, ttlMs) } : NOT_HELD;
  }

  async release(request: ReleaseRequest, call: CallOptions): Promise<ReleaseOutcome> {
    const { key, owner, fencingToken, sequence, keepForMs = 0 } = request;
    let match: RowMatch = { owner, newerThan: sequence };
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const written = await this.sendRelease(request, match, call);
      if (written.applied) {
        if (keepForMs <= 0) this.observations.forget(key);
        return RELEASED;
      }
      const { row } = written;
      if (!isGrantOf(row, owner, fencingToken)) return NOT_HELD;
      const { state } = row.ours;
      if (row.isReleased || state === 'released' || (state === 'kept' && keepForMs > 0)) return RELEASED;
      // Revoked or kept meanwhile, or written to by a newer request, which these writes must not undo
      match = { version: row.version };
      if (state === 'kept' || (sequence !== undefined && row.ours.sequence >= sequence))
        request = { ...request, data: undefined, attributes: undefined };
    }
    throw changedTooOften(key);
  }

  /** Contenders then watch the row from its new version on, so that its holder knows first. */
  async revoke({ key, fencingToken, force = false }: RevokeRequest, call: CallOptions): Promise<boolean> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const row = await this.read(key, call);
      if (row === null || row.ours === null || row.fencingToken !== fencingToken) return false;
      // Freed since it was found, perhaps by an earlier delivery
      if (row.isReleased) return round > 0;
      const { version, ours } = row;
      let input = this.commands.free(key, version, { owner: ours.owner, fencingToken });
      if (!force) {
        if (ours.state !== 'held') return true;
        input = this.commands.revoke(key, version, { ...ours, state: 'revoked', fencingToken });
      }
      if ((await this.update(key, input, call)).applied) return true;
    }
    throw changedTooOften(key);
  }

  async inspect(key: string, call: CallOptions): Promise<LeaseRecord | null> {
    return this.noted(key, await this.read(key, call));
  }

  /** By a consistent scan of the whole table. A damaged row ends the listing with its error. */
  async *list(prefix: string, call: CallOptions): AsyncGenerator<LeaseRecord> {
    let after: Item | undefined;
    do {
      const page = await this.parts.client.scan(this.commands.list(prefix, after), call);
      const { records, damage } = this.notedPage(page.Items ?? []);
      yield* records;
      if (damage !== undefined) throw damage;
      after = page.LastEvaluatedKey;
    } while (after !== undefined);
  }

  async close(): Promise<void> {
    this.parts.client.close();
  }

  /** All of a page at once, while it is news: whoever reads the records may take his time. */
  private notedPage(items: readonly Item[]): { records: LeaseRecord[]; damage?: Error } {
    const { partitionKey, namespace } = this.options;
    const records: LeaseRecord[] = [];
    for (const item of items) {
      const key = (item[partitionKey]?.S ?? '').slice(namespace.length);
      try {
        const record = this.noted(key, this.parse(key, item));
        if (record !== null) records.push(record);
      } catch (error) {
        return { records, damage: error as Error };
      }
    }
    return { records };
  }

  /** Who looks at a row watches it, too: seen twice, a lease apart, its holder is known to be dead. Call it right after the reply. */
  private noted(key: string, row: LeaseItem | null): LeaseRecord | null {
    if (row === null || row.isReleased) this.observations.forget(key);
    const record = row === null ? null : toRecord(key, row);
    if (row === null || record?.isHeld !== true) return record;
    return { ...record, remainingMs: this.observations.note(key, row.version, row.leaseMs).freeInMs };
  }

  /** Takes a key that is free, or still under the version `observed`, whose lease is over. */
  private async take(
    request: AcquireRequest,
    observed: string | undefined,
    call: CallOptions,
  ): Promise<AcquireOutcome> {
    const { key, owner } = request;
    const input = this.commands.acquire(request, this.nextSeed(), observed);
    const written = await this.update(key, input, call).catch((error: unknown) =>
      this.refused(key, error, call),
    );
    if (written.applied) {
      this.observations.forget(key);
      return this.granted(request, written.item, call);
    }
    const { row } = written;
    if (isHeldBy(row, owner)) return this.grantAgain(request, row, call);
    if (row !== null && !row.isReleased) {
      return this.held(row, this.watch(request, row));
    }
    return this.notTaken(request, row);
  }

  /** DynamoDB refuses to add to a token that is no number, as if the command were wrong. */
  private async refused(key: string, error: unknown, call: CallOptions): Promise<never> {
    if (error instanceof StoreRejectedError && !error.retryable) {
      // What cannot be read says nothing against the refusal.
      const read = await this.parts.client.get(this.commands.get(key), call).catch(() => null);
      if (read?.Item !== undefined) checkToken(key, read.Item);
    }
    throw error;
  }

  private watch({ key, driftRate }: AcquireRequest, { version, leaseMs }: LeaseItem): Observation {
    return this.observations.see(key, version, leaseMs, driftRate);
  }

  /** A key that is kept is not that of a dead holder, unless nobody has freed it when it was time. */
  private held(row: LeaseItem, { freeInMs, hasChanged }: Observation): AcquireOutcome {
    const { ours, holder } = row;
    const isKept = ours?.state === 'kept' && this.parts.clock.wallMs() < ours.endsAtMs;
    const mayBeDead = !hasChanged && !isKept;
    return { kind: 'held', owner: ownerOf(row), holder, freeInMs, ...(mayBeDead && { mayBeDead }) };
  }

  /** Somebody alive has held or freed it a moment ago; or there is no such key. */
  private notTaken({ key, mustExist }: AcquireRequest, row: LeaseItem | null): AcquireOutcome {
    this.observations.forget(key);
    return row === null && mustExist === true ? ABSENT : { kind: 'held', freeInMs: 0 };
  }

  /** What is kept beside a lease may be unreadable, which shows when the key is granted: then it is given back. */
  private async granted(request: AcquireRequest, item: Item, call: CallOptions): Promise<AcquireOutcome> {
    const { key, owner, sentAt } = request;
    try {
      return grantOf(this.parse(key, item), sentAt);
    } catch (error) {
      await this.release({ key, owner }, call).catch(() => {});
      throw error;
    }
  }

  /** An earlier attempt of this owner holds the key: granted as of that one, or, if it is long ago, as of this one. */
  private async grantAgain(
    request: AcquireRequest,
    row: HeldRow,
    call: CallOptions,
  ): Promise<AcquireOutcome> {
    const { key, owner, ttlMs, sentAt } = request;
    const grantedAt = sentAtOf(row, ttlMs);
    // One that is nearly over would be renewed at once, or be over before it is taken.
    if (sentAt - grantedAt < ttlMs / 2) return grantOf(row, grantedAt);
    const next = { ...row.ours, sentAt };
    const input = this.commands.rearm(key, row.version, next, Math.max(ttlMs, row.leaseMs));
    const written = await this.update(key, input, call);
    if (written.applied) return grantOf(row, sentAt);
    // Another attempt of this owner came first, or it was released
    if (isHeldBy(written.row, owner)) return grantOf(written.row, sentAtOf(written.row, ttlMs));
    return { kind: 'held', freeInMs: 0 };
  }

  private sendRelease(request: ReleaseRequest, match: RowMatch, call: CallOptions): Promise<Written> {
    const { key, keepForMs = 0 } = request;
    if (keepForMs > 0) {
      const endsAtMs = Math.ceil(this.parts.clock.wallMs() + keepForMs);
      return this.update(key, this.commands.keep(request, match, endsAtMs), call);
    }
    if (this.options.deleteOnRelease) {
      return this.write(key, this.parts.client.delete(this.commands.deleteRow(request), call), call);
    }
    return this.update(key, this.commands.release(request, match), call);
  }

  /** The wall clock in µs; grows though the clock stands still or is set back, for rows that are deleted at release. */
  private nextSeed(): number {
    this.lastSeed = Math.max(this.lastSeed + 1, Math.floor(this.parts.clock.wallMs() * 1000));
    return this.lastSeed;
  }

  private update(key: string, input: UpdateItemCommandInput, call: CallOptions): Promise<Written> {
    return this.write(key, this.parts.client.update(input, call), call);
  }

  /** An answer that shows nothing of the row comes from somebody else than DynamoDB: it is none. */
  private async write(
    key: string,
    sent: Promise<{ Attributes?: Item }>,
    call: CallOptions,
  ): Promise<Written> {
    try {
      const { Attributes: item } = await sent;
      if (item === undefined) throw notAnswered(new Error('the answer is empty'));
      return { applied: true, item };
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      const row = error.item === undefined ? await this.read(key, call) : this.parse(key, error.item);
      return { applied: false, row };
    }
  }

  private async read(key: string, call: CallOptions): Promise<LeaseItem | null> {
    const { Item: item } = await this.parts.client.get(this.commands.get(key), call);
    return item === undefined ? null : this.parse(key, item);
  }

  private parse(key: string, item: Item): LeaseItem {
    return parseItem(key, item, this.reservedAttributes);
  }
}

function grantOf({ fencingToken, data, attributes }: LeaseItem, sentAt: number): AcquireOutcome {
  return { kind: 'granted', fencingToken: fencingToken!, sentAt, data, attributes };
}

/**
 * When the attempt was sent that the row holds, for a lease of `ttlMs`: where the row's own lease is shorter, as much earlier
 * as makes both end at the same time.
 */
function sentAtOf({ ours, leaseMs }: HeldRow, ttlMs: number): number {
  return ours.sentAt - Math.max(0, ttlMs - leaseMs);
}

function changedTooOften(key: string): StoreRejectedError {
  return new StoreRejectedError(
    `the row of key '${key}' changed ${MAX_ROUNDS} times while it was written to. Try again.`,
    { retryable: true },
  );
}
