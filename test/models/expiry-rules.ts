import assert from 'node:assert/strict';
import type {
  AcquireOutcome,
  AcquireRequest,
  LeaseRecord,
  LeaseStore,
  ReleaseOutcome,
  RenewRequest,
} from '../../lib/core/lease-store.js';
import type { ModelRow, Span } from './lease-model.js';
import { assertClose } from './model-asserts.js';

export type Held = Extract<AcquireOutcome, { kind: 'held' }>;

/** All that the port leaves to a store, in one place: it follows from who ends a lease. */
export interface ExpiryRules {
  readonly expiry: LeaseStore['expiry'];
  /** Lets time end a lease. */
  elapse(row: ModelRow, at: Span): void;
  /** Whether the store does not know the key. */
  isUnknown(row: ModelRow): boolean;
  /** Whether this acquire is granted as a new one. */
  mayTake(row: ModelRow, request: AcquireRequest, by: string, at: Span): boolean;
  /** The contender `by` has found the key free, or taken it. */
  forget(key: string, by: string): void;
  /** Checks what a contender is told of time. */
  refused(row: ModelRow, request: AcquireRequest, outcome: Held, by: string, at: Span): void;
  /** Checks what one who looks is told of time. */
  inspected(row: ModelRow, record: LeaseRecord, by: string, at: Span): void;
  /** Checks what the owner that holds the key is told when it asks again, and what that changes. */
  grantedAgain(row: ModelRow, request: AcquireRequest, sentAt: number, at: Span): void;
  /** Whether a renewal of the present grant counts, or an equal or newer one has overtaken it. */
  takesRenewal(row: ModelRow, request: RenewRequest): boolean;
  /** As of when a lease of `ttlMs` is held by the attempt that the row holds, which is another than that was asked about. */
  asOf(row: ModelRow, ttlMs: number): number;
  /** Whether writes with this sequence are applied; a release without one has no rival. */
  isNewer(row: ModelRow, sequence: number | undefined): boolean;
  /** Starts the TTL anew. */
  rearm(row: ModelRow, ttlMs: number, at: Span): void;
  keep(row: ModelRow, keepForMs: number, at: Span): void;
  revoked(row: ModelRow, at: Span): void;
  /** Checks the answer to a release of what is not held; `isTheirs`: it was the last grant. */
  releasedAgain(row: ModelRow, isTheirs: boolean, keepForMs: number, outcome: ReleaseOutcome): void;
}

/** The store's clock ends a lease, at the same moment for everybody. */
export class ServerRules implements ExpiryRules {
  readonly expiry = 'server';

  elapse(row: ModelRow, at: Span): void {
    if (row.state !== 'free' && at.from >= row.ends.to) row.state = 'free';
  }

  isUnknown({ state, data, attributes }: ModelRow): boolean {
    return state === 'free' && data === undefined && Object.keys(attributes).length === 0;
  }

  mayTake({ state }: ModelRow): boolean {
    return state === 'free';
  }

  forget(): void {}

  inspected({ ends }: ModelRow, { remainingMs }: LeaseRecord, _by: string, at: Span): void {
    assertClose(remainingMs, { from: ends.from - at.to, to: ends.to - at.from }, 'remainingMs');
  }

  refused({ ends }: ModelRow, _request: AcquireRequest, outcome: Held, _by: string, at: Span): void {
    assertClose(outcome.freeInMs, { from: ends.from - at.to, to: ends.to - at.from }, 'freeInMs');
    assert.equal(outcome.mayBeDead, undefined);
  }

  /** The TTL runs anew with each attempt. */
  grantedAgain(row: ModelRow, { sentAt: asked, ttlMs }: AcquireRequest, sentAt: number, at: Span): void {
    assert.equal(sentAt, asked, 'sentAt');
    this.rearm(row, ttlMs, at);
  }

  /** A late one does no harm, since no expiry moves back. */
  takesRenewal(): boolean {
    return true;
  }

  asOf({ attempt }: ModelRow): number {
    return attempt.sentAt;
  }

  isNewer(row: ModelRow, sequence: number | undefined): boolean {
    return sequence === undefined || sequence > row.written;
  }

  rearm(row: ModelRow, ttlMs: number, at: Span): void {
    const { from, to } = row.ends;
    row.ends = { from: Math.max(from, at.from + ttlMs), to: Math.max(to, at.to + ttlMs) };
  }

  keep(row: ModelRow, keepForMs: number, at: Span): void {
    row.ends = { from: at.from + keepForMs, to: at.to + keepForMs };
  }

  revoked(): void {}

  releasedAgain(_row: ModelRow, _isTheirs: boolean, _keepForMs: number, outcome: ReleaseOutcome): void {
    assert.deepEqual(outcome, { kind: 'not-held' });
  }
}
