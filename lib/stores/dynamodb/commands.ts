import type {
  DeleteItemCommandInput,
  GetItemCommandInput,
  ScanCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { AcquireRequest, ReleaseRequest, RenewRequest } from '../../core/lease-store.js';
import type { Item } from './row-client.js';
import type { ResolvedDynamoDbStoreOptions } from './dynamodb-store-options.js';
import { TELLING_FIELDS } from './lease-item.js';
import { formatLeaseDuration } from './lease-duration.js';
import {
  formatVersion,
  keptVersionsOf,
  versionsBelow,
  versionsOf,
  type HeldVersion,
  type RevokedVersion,
} from './record-version.js';
import { UpdateDraft } from './update-draft.js';

/** The row that a write may change: any of this owner, one of his that holds an older request than `newerThan`, or exactly this version. */
export type RowMatch = { readonly owner: string; readonly newerThan?: number } | { readonly version: string };

/**
 * The inputs of all commands, as pure functions of the requests. Each write is one command, whose condition says whose row
 * it may change, and whose answer shows something of that row.
 */
export class Commands {
  constructor(private readonly options: ResolvedDynamoDbStoreOptions) {}

  /**
   * Takes a key that is free, or whose record version is still `observed`. Answers with the row.
   * @param seed what the tokens of a row without one start after
   */
  acquire(request: AcquireRequest, seed: number, observed: string | undefined): UpdateItemCommandInput {
    const { key, owner, ttlMs, sentAt, holder } = request;
    const draft = new UpdateDraft()
      .set('ownerName', { S: this.options.ownerName ?? owner })
      .set('leaseDuration', { S: this.duration(ttlMs) })
      .set('recordVersionNumber', { S: formatVersion({ state: 'held', owner, sequence: 0, sentAt }) });
    const seeded = `if_not_exists(${draft.name('fencingToken')}, ${draft.value('seed', { N: String(seed) })})`;
    draft.setTo('fencingToken', `${seeded} + ${draft.value('one', { N: '1' })}`).remove('isReleased');
    if (holder === undefined) draft.remove('holder');
    else draft.set('holder', { S: JSON.stringify(holder) });
    draft.write(request);

    return { ...this.update(key, draft, this.takeable(draft, request, observed)), ReturnValues: 'ALL_NEW' };
  }

  /** Counts the lease of a row of ours anew, as of another attempt of its owner. */
  rearm(key: string, seen: string, next: HeldVersion, leaseMs: number): UpdateItemCommandInput {
    const draft = new UpdateDraft()
      .set('recordVersionNumber', { S: formatVersion(next) })
      .set('leaseDuration', { S: this.duration(leaseMs) });
    return this.update(key, draft, ownRow(draft, { version: seen }));
  }

  /** Refused once a newer request of the owner has been applied, so that a delayed one neither shortens nor undoes anything. */
  renew(request: RenewRequest): UpdateItemCommandInput {
    const { key, owner, fencingToken, ttlMs, sentAt, sequence } = request;
    const draft = new UpdateDraft()
      .set('recordVersionNumber', { S: formatVersion({ state: 'held', owner, sequence, sentAt }) })
      .set('leaseDuration', { S: this.duration(ttlMs) })
      .write(request);
    return this.update(key, draft, ownRow(draft, { owner, newerThan: sequence }, fencingToken));
  }

  /** Frees the row, and leaves all of it but the holder. */
  release(request: ReleaseRequest, match: RowMatch): UpdateItemCommandInput {
    const draft = released(request).write(request);
    return this.update(request.key, draft, ownRow(draft, match, request.fencingToken));
  }

  /** Frees the row by deleting it. */
  deleteRow({ key, owner, fencingToken }: ReleaseRequest): DeleteItemCommandInput {
    const draft = new UpdateDraft();
    const condition = ownRow(draft, { owner }, fencingToken);
    return { ...this.target(key), ReturnValues: 'ALL_OLD', ...conditional(draft, condition) };
  }

  /** Keeps the row from everybody for a while; once only, so that a repeated request does not start it anew. */
  keep(request: ReleaseRequest, match: RowMatch, endsAtMs: number): UpdateItemCommandInput {
    const { key, owner, fencingToken = 0, keepForMs = 0 } = request;
    const draft = new UpdateDraft()
      .set('recordVersionNumber', { S: formatVersion({ state: 'kept', owner, fencingToken, endsAtMs }) })
      .set('leaseDuration', { S: this.duration(keepForMs) })
      .remove('holder')
      .write(request);
    const kept = draft.value('kept', { S: keptVersionsOf(owner) });
    const notKept = `NOT begins_with(${draft.name('recordVersionNumber')}, ${kept})`;
    return this.update(key, draft, `${ownRow(draft, match, request.fencingToken)} AND ${notKept}`);
  }

  /** Frees the row as it was seen, whoever holds it. */
  free(
    key: string,
    seen: string,
    grant: Pick<ReleaseRequest, 'owner' | 'fencingToken'>,
  ): UpdateItemCommandInput {
    const draft = released(grant);
    return this.update(key, draft, ownRow(draft, { version: seen }));
  }

  /** Refuses further renewals of the row as it was seen. */
  revoke(key: string, seen: string, next: RevokedVersion): UpdateItemCommandInput {
    const draft = new UpdateDraft().set('recordVersionNumber', { S: formatVersion(next) });
    return this.update(key, draft, ownRow(draft, { version: seen }));
  }

  get(key: string): GetItemCommandInput {
    return { ...this.target(key), ConsistentRead: true };
  }

  /** One page of the rows whose key starts with `prefix`. */
  list(prefix: string, after: Item | undefined): ScanCommandInput {
    const { table, partitionKey, sortKey, namespace } = this.options;
    const draft = new UpdateDraft();
    const filters: string[] = [];
    const start = namespace + prefix;
    if (start !== '') {
      filters.push(`begins_with(${draft.name(partitionKey, 'pk')}, ${draft.value('start', { S: start })})`);
    }
    if (sortKey !== undefined) {
      filters.push(`${draft.name(sortKey.name, 'sk')} = ${draft.value('sk', { S: sortKey.value })}`);
    }
    return {
      TableName: table,
      ConsistentRead: true,
      ...(filters.length > 0 && { FilterExpression: filters.join(' AND '), ...draft.aliases }),
      ...(after !== undefined && { ExclusiveStartKey: after }),
    };
  }

  /**
   * That there is no row, or one that is free or says nothing of a lease, or exactly the `observed` one of a dead holder. One that says
   * part of it is damaged, and may be held.
   */
  private takeable(
    draft: UpdateDraft,
    { mustExist, onlyIfDead }: AcquireRequest,
    observed: string | undefined,
  ): string {
    if (onlyIfDead === true && observed !== undefined) return ownRow(draft, { version: observed });
    const isBare = TELLING_FIELDS.map(name => `attribute_not_exists(${draft.name(name)})`).join(' AND ');
    const isThere =
      mustExist === true ? `attribute_exists(${draft.name(this.options.partitionKey, 'pk')}) AND ` : '';
    const parts = [`(${isThere}${isBare})`, `attribute_exists(${draft.name('isReleased')})`];
    if (observed !== undefined) {
      parts.push(`${draft.name('recordVersionNumber')} = ${draft.value('observed', { S: observed })}`);
    }
    return parts.join(' OR ');
  }

  private update(key: string, draft: UpdateDraft, condition: string): UpdateItemCommandInput {
    const what = { UpdateExpression: draft.update, ReturnValues: 'UPDATED_NEW' as const };
    return { ...this.target(key), ...what, ...conditional(draft, condition) };
  }

  private target(key: string): { TableName: string; Key: Item } {
    const { table, partitionKey, sortKey, namespace } = this.options;
    return {
      TableName: table,
      Key: {
        [partitionKey]: { S: namespace + key },
        ...(sortKey !== undefined && { [sortKey.name]: { S: sortKey.value } }),
      },
    };
  }

  private duration(ms: number): string {
    return formatLeaseDuration(ms, this.options.dialect);
  }
}

/** Frees a row, under a new version: a client that looked before finds another, not one to take over. */
function released({ owner, fencingToken = 0 }: Pick<ReleaseRequest, 'owner' | 'fencingToken'>): UpdateDraft {
  const version = formatVersion({ state: 'released', owner, fencingToken });
  return new UpdateDraft()
    .set('recordVersionNumber', { S: version })
    .set('isReleased', { S: '1' })
    .remove('holder');
}

/** That the row is held, by the owner or in the version that `match` says, and granted with the token, if it is known. */
function ownRow(draft: UpdateDraft, match: RowMatch, fencingToken?: number): string {
  const version = draft.name('recordVersionNumber');
  const parts = [];
  if ('version' in match) parts.push(`${version} = ${draft.value('seen', { S: match.version })}`);
  else {
    const own = draft.value('own', { S: versionsOf(match.owner) });
    if (match.newerThan === undefined) parts.push(`begins_with(${version}, ${own})`);
    else {
      const below = draft.value('below', { S: versionsBelow(match.owner, match.newerThan) });
      parts.push(`${version} BETWEEN ${own} AND ${below}`);
    }
  }
  if (fencingToken !== undefined) {
    parts.push(`${draft.name('fencingToken')} = ${draft.value('token', { N: String(fencingToken) })}`);
  }
  return [...parts, `attribute_not_exists(${draft.name('isReleased')})`].join(' AND ');
}

function conditional(draft: UpdateDraft, condition: string) {
  return {
    ConditionExpression: condition,
    ...draft.aliases,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  };
}
