import assert from 'node:assert/strict';
import type {
  AcquireRequest,
  LeaseRecord,
  ReleaseOutcome,
  RenewRequest,
} from '../../lib/core/lease-store.js';
import type { ExpiryRules, Held } from './expiry-rules.js';
import type { ModelRow, Span } from './lease-model.js';

/** What one contender has seen of one key. */
interface Watch {
  readonly version: string;
  readonly leaseMs: number;
  readonly sinceMs: number;
  readonly seenMs: number;
  /** Whether it has seen another version shortly before; `undefined` where "shortly" is a matter of taste. */
  readonly hasChanged: boolean | undefined;
}

const DEFAULT_DRIFT_RATE = 0.01;
const MAX_DRIFT_RATE = 0.1;

/**
 * Contenders end a lease: each for itself, once it has seen its record unchanged for longer than the lease. Hence, and unlike
 * with the store's own clock:
 * - a lease that nobody watches goes on, and is renewed however late; one that a contender has watched to its end is free for
 *   that contender, its former owner included, and for no other;
 * - a released key is still known to the store, which keeps its token;
 * - requests of one lease are told apart by their sequence: one that is not newer than the last that was applied changes
 *   neither TTL nor data, and its answer tells of the one that was;
 * - an owner that asks again is granted as of its earlier attempt, unless half of that lease is over;
 * - a release of what is free since its owner's own grant may be answered either way; of what is kept, it frees the key.
 */
export class ObservedRules implements ExpiryRules {
  readonly expiry = 'observed';
  private readonly watches = new Map<string, Watch>();

  elapse(): void {}

  isUnknown(row: ModelRow): boolean {
    return row.token === 0;
  }

  mayTake(row: ModelRow, { key, onlyIfDead, driftRate }: AcquireRequest, by: string, at: Span): boolean {
    if (row.state === 'free') return onlyIfDead !== true;
    const watch = this.watches.get(`${by} ${key}`);
    return watch?.version === versionOf(row) && at.from >= endOf(watch, driftRate);
  }

  forget(key: string, by: string): void {
    this.watches.delete(`${by} ${key}`);
  }

  refused(row: ModelRow, request: AcquireRequest, outcome: Held, by: string, at: Span): void {
    if (row.state === 'free') {
      assert.deepEqual(
        [outcome.freeInMs, outcome.mayBeDead],
        [0, undefined],
        'its holder lived to release it',
      );
      return this.forget(request.key, by);
    }
    const watch = this.see(row, request, by, at.from);
    const leftMs = Math.max(0, endOf(watch, request.driftRate) - at.from);
    assert.ok(Math.abs(outcome.freeInMs! - leftMs) < 1e-3, `freeInMs is ${outcome.freeInMs}, not ${leftMs}`);
    if (row.state === 'kept' && at.from < row.ends.from) assert.equal(outcome.mayBeDead, undefined, 'kept');
    else if (watch.hasChanged !== undefined)
      assert.equal(outcome.mayBeDead ?? false, !watch.hasChanged, 'mayBeDead');
  }

  /** Who looks watches, as if clocks drifted apart by as much as they may. */
  inspected(row: ModelRow, { key, remainingMs }: LeaseRecord, by: string, at: Span): void {
    const watch = this.see(row, { key }, by, at.from);
    const leftMs = Math.max(0, endOf(watch, MAX_DRIFT_RATE) - at.from);
    assert.ok(Math.abs(remainingMs! - leftMs) < 1e-3, `remainingMs is ${remainingMs}, not ${leftMs}`);
  }

  grantedAgain(row: ModelRow, request: AcquireRequest, sentAt: number, at: Span): void {
    const { sequence } = row.attempt;
    const asOf = this.asOf(row, request.ttlMs);
    const isHalfOver = request.sentAt - asOf >= request.ttlMs / 2;
    assert.equal(sentAt, isHalfOver ? request.sentAt : asOf, 'sentAt');
    if (!isHalfOver) return;
    row.attempt = { sequence, sentAt };
    this.rearm(row, Math.max(request.ttlMs, row.ttlMs), at);
  }

  takesRenewal(row: ModelRow, { sequence }: RenewRequest): boolean {
    return sequence > row.attempt.sequence;
  }

  /** Where the row's lease is shorter: as much earlier as makes both end together. */
  asOf({ attempt, ttlMs: heldMs }: ModelRow, ttlMs: number): number {
    return attempt.sentAt - Math.max(0, ttlMs - heldMs);
  }

  /** A renewal that is applied has just become the attempt; a release comes after it. */
  isNewer(row: ModelRow, sequence: number | undefined): boolean {
    return sequence === undefined || sequence >= row.attempt.sequence;
  }

  /** Rows hold whole ms. */
  rearm(row: ModelRow, ttlMs: number, at: Span): void {
    row.ttlMs = Math.ceil(ttlMs);
    row.ends = { from: at.from + row.ttlMs, to: Infinity };
  }

  keep(row: ModelRow, keepForMs: number, at: Span): void {
    this.rearm(row, keepForMs, at);
  }

  revoked(row: ModelRow, at: Span): void {
    row.ends = { from: at.from + row.ttlMs, to: Infinity };
  }

  releasedAgain(row: ModelRow, isTheirs: boolean, keepForMs: number, outcome: ReleaseOutcome): void {
    if (!isTheirs) return assert.deepEqual(outcome, { kind: 'not-held' });
    if (row.state === 'free') return;
    assert.deepEqual(outcome, { kind: 'released' });
    if (keepForMs === 0) row.state = 'free';
  }

  private see(row: ModelRow, { key }: Pick<AcquireRequest, 'key'>, by: string, nowMs: number): Watch {
    const id = `${by} ${key}`;
    const before = this.watches.get(id);
    const version = versionOf(row);
    const first = { version, leaseMs: row.ttlMs, sinceMs: nowMs, hasChanged: wasRecent(before, row, nowMs) };
    const watch = { ...(before?.version === version ? before : first), seenMs: nowMs };
    this.watches.set(id, watch);
    return watch;
  }
}

/** What contenders watch: the state, and the attempt that the row holds. Delivered again, the same attempt is no sign of life. */
function versionOf({ state, owner, token, attempt, ends }: ModelRow): string {
  if (state === 'held') return `${owner}/${attempt.sequence}/${attempt.sentAt}`;
  return `${owner}/${state}/${token}/${state === 'kept' ? ends.from : ''}`;
}

function endOf({ sinceMs, leaseMs }: Watch, driftRate = DEFAULT_DRIFT_RATE): number {
  return sinceMs + leaseMs + leaseMs * driftRate + 2;
}

function wasRecent(before: Watch | undefined, { ttlMs }: ModelRow, nowMs: number): boolean | undefined {
  if (before === undefined) return false;
  return nowMs - before.seenMs < ttlMs ? true : undefined;
}
