import assert from 'node:assert/strict';
import type {
  AcquireOutcome,
  AcquireRequest,
  HolderInfo,
  LeaseAttributes,
  LeaseData,
  LeaseRecord,
  LeaseWrites,
  ReleaseOutcome,
  ReleaseRequest,
  RenewOutcome,
  RenewRequest,
  RevokeRequest,
} from '../../lib/core/lease-store.js';
import type { ExpiryRules } from './expiry-rules.js';
import { assertSameKept } from './model-asserts.js';

/** Between which readings of the clock a store has carried out a command: its sending and its reply. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What the port says of one key. */
export interface ModelRow {
  state: 'free' | 'held' | 'revoked' | 'kept';
  /** Of the last grant, whatever has become of it; '' and 0 where there was none. */
  owner: string;
  token: number;
  holder: HolderInfo | undefined;
  /** The request that the store holds: the acquire, or the last renewal that it has applied. */
  attempt: { sequence: number; sentAt: number };
  ttlMs: number;
  /** When the lease ends, if nobody does anything. */
  ends: Span;
  /** Until when the holder may believe in its lease, by what it was answered. */
  claimedUntil: number;
  /** Sequence of the last writes that were applied for this owner. */
  written: number;
  data: LeaseData | undefined;
  dataEnds: number;
  attributes: LeaseAttributes;
}

/**
 * The port in short, written from its comments. Each method is told a request, what the store has answered and when; it
 * throws where the port does not allow that answer, and else follows it. What the port leaves to a store is in
 * {@link ExpiryRules}.
 */
export class LeaseModel {
  readonly rows = new Map<string, ModelRow>();

  constructor(readonly rules: ExpiryRules) {}

  acquire(request: AcquireRequest, outcome: AcquireOutcome, by: string, at: Span): void {
    const row = this.row(request.key, at);
    if (request.mustExist === true && this.rules.isUnknown(row)) {
      assert.deepEqual(outcome, { kind: 'absent' });
      return this.rules.forget(request.key, by);
    }
    const isOwn = row.state === 'held' && row.owner === request.owner;
    if (this.rules.mayTake(row, request, by, at)) this.granted(row, request, outcome, at);
    else if (isOwn) return this.grantedAgain(row, request, outcome, at);
    else return this.refused(row, request, outcome, by, at);
    this.rules.forget(request.key, by);
  }

  renew(request: RenewRequest, outcome: RenewOutcome, at: Span): void {
    const row = this.row(request.key, at);
    const { owner, fencingToken: token, sentAt, sequence, ttlMs } = request;
    if (row.state !== 'held' || row.owner !== owner || row.token !== token)
      return assert.deepEqual(outcome, { kind: 'not-held' });
    assert.equal(outcome.kind, 'renewed');
    if (this.rules.takesRenewal(row, request)) {
      assert.equal(outcome.sentAt, sentAt, 'sentAt is that of the request, which is applied');
      row.attempt = { sequence, sentAt };
      this.rules.rearm(row, ttlMs, at);
      this.write(row, request, at);
    } else assert.equal(outcome.sentAt, this.rules.asOf(row, ttlMs), 'sentAt is that of the newer request');
    claim(row, outcome.sentAt, ttlMs);
  }

  release(request: ReleaseRequest, outcome: ReleaseOutcome, at: Span): void {
    const row = this.row(request.key, at);
    const { owner, fencingToken: token = row.token, keepForMs = 0 } = request;
    const isTheirs = row.owner === owner && row.token === token && row.token > 0;
    if (!isTheirs || row.state === 'free' || row.state === 'kept')
      return this.rules.releasedAgain(row, isTheirs, keepForMs, outcome);
    assert.deepEqual(outcome, { kind: 'released' });
    this.write(row, request, at);
    row.claimedUntil = 0;
    row.holder = undefined;
    row.state = keepForMs > 0 ? 'kept' : 'free';
    if (keepForMs > 0) this.rules.keep(row, keepForMs, at);
  }

  revoke(request: RevokeRequest, wasFound: boolean, at: Span): void {
    const row = this.row(request.key, at);
    const isThere = row.state !== 'free' && row.token === request.fencingToken;
    assert.equal(wasFound, isThere, 'whether the grant was found');
    if (!isThere) return;
    if (request.force === true) {
      row.state = 'free'; // outside promise 1: the holder still believes
      row.claimedUntil = 0;
    } else if (row.state === 'held') {
      row.state = 'revoked';
      this.rules.revoked(row, at);
    }
  }

  inspect(key: string, record: LeaseRecord | null, by: string, at: Span): void {
    const row = this.row(key, at);
    const { state, owner, token, holder, data, attributes } = row;
    if (state === 'free') this.rules.forget(key, by);
    if (state === 'free' && data === undefined && Object.keys(attributes).length === 0)
      return assert.equal(record, null, 'nothing is kept');
    assert.ok(record !== null, 'inspect finds nothing');
    assertSameKept(record, { data, attributes });
    assert.equal(record.key, key);
    assert.equal(record.isHeld, state !== 'free', 'isHeld');
    assert.equal(record.owner, state === 'free' || state === 'kept' ? undefined : owner, 'owner');
    assert.equal(record.fencingToken, state === 'free' ? undefined : token, 'fencing token');
    assert.deepEqual(record.holder, state === 'free' ? undefined : holder, 'holder');
    if (state === 'free') assert.equal(record.remainingMs, undefined);
    else this.rules.inspected(row, record, by, at);
  }

  /** The row as of now. */
  row(key: string, at: Span): ModelRow {
    const row = this.rows.get(key) ?? emptyRow();
    this.rows.set(key, row);
    this.rules.elapse(row, at);
    if (at.from >= row.dataEnds) Object.assign(row, { data: undefined, dataEnds: Infinity });
    return row;
  }

  private granted(row: ModelRow, request: AcquireRequest, outcome: AcquireOutcome, at: Span): void {
    const { owner, ttlMs, sentAt, holder } = request;
    assert.equal(outcome.kind, 'granted');
    assert.ok(row.claimedUntil <= at.to, `promise 1: its former holder believes until ${row.claimedUntil}`);
    const { fencingToken: token } = outcome;
    assert.ok(Number.isSafeInteger(token) && token > row.token, `token ${token} after ${row.token}`);
    assert.equal(outcome.sentAt, sentAt, 'sentAt is that of the only attempt');
    const { data, dataEnds, attributes } = row;
    Object.assign(row, emptyRow(), { state: 'held', owner, token, holder, data, dataEnds, attributes });
    row.attempt = { sequence: 0, sentAt };
    this.rules.rearm(row, ttlMs, at);
    this.write(row, request, at);
    row.written = 0;
    assertSameKept(outcome, row);
    claim(row, sentAt, ttlMs);
  }

  private grantedAgain(row: ModelRow, request: AcquireRequest, outcome: AcquireOutcome, at: Span): void {
    assert.equal(outcome.kind, 'granted', 'asked again by the owner that holds the key');
    assert.equal(outcome.fencingToken, row.token, 'the same token');
    this.rules.grantedAgain(row, request, outcome.sentAt, at);
    assertSameKept(outcome, row);
    claim(row, outcome.sentAt, request.ttlMs);
  }

  private refused(
    row: ModelRow,
    request: AcquireRequest,
    outcome: AcquireOutcome,
    by: string,
    at: Span,
  ): void {
    assert.equal(outcome.kind, 'held');
    const isTold = row.state === 'held' || row.state === 'revoked';
    assert.equal(outcome.owner, isTold ? row.owner : undefined, 'owner');
    assert.deepEqual(outcome.holder, isTold ? row.holder : undefined, 'holder');
    this.rules.refused(row, request, outcome, by, at);
  }

  private write(row: ModelRow, writes: LeaseWrites & { sequence?: number }, at: Span): void {
    const { data, attributes, sequence, dataTtlMs = Infinity } = writes;
    if (data === undefined && attributes === undefined) return;
    if (!this.rules.isNewer(row, sequence)) return;
    row.written = sequence ?? row.written;
    if (data !== undefined) row.data = data ?? undefined;
    if (data !== undefined) row.dataEnds = data === null ? Infinity : at.to + dataTtlMs;
    row.attributes = { ...row.attributes, ...attributes };
  }
}

/** A holder that was answered `sentAt` believes until its TTL from then is over: the store must hold the key for as long. */
function claim(row: ModelRow, sentAt: number, ttlMs: number): void {
  const until = sentAt + ttlMs;
  assert.ok(until <= row.ends.from + 1e-6, `believes until ${until}, and the lease ends at ${row.ends.from}`);
  row.claimedUntil = Math.max(row.claimedUntil, until);
}

function emptyRow(): ModelRow {
  return {
    state: 'free',
    owner: '',
    token: 0,
    holder: undefined,
    attempt: { sequence: 0, sentAt: 0 },
    ttlMs: 0,
    ends: { from: 0, to: 0 },
    claimedUntil: 0,
    written: -1,
    data: undefined,
    dataEnds: Infinity,
    attributes: {},
  };
}
