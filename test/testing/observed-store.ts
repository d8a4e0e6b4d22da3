import type {
  AcquireOutcome,
  AcquireRequest,
  LeaseRecord,
  LeaseStore,
  ReleaseOutcome,
  ReleaseRequest,
  RenewOutcome,
  RenewRequest,
  RevokeRequest,
} from '../../lib/core/lease-store.js';
import { DEFAULT_DRIFT_RATE, takeOverAfterMs } from '../../lib/core/lease-timing.js';
import type { Clock } from '../../lib/core/ports.js';
import { LeaseRow } from '../../lib/stores/memory/lease-row.js';

interface VersionedRow {
  readonly row: LeaseRow;
  version: number;
  ttlMs: number;
}

/** The table that all handles see: it knows no time. */
export class ObservedTable {
  readonly rows = new Map<string, VersionedRow>();
  lastToken = 1.8e15;
}

/** The smallest store whose leases end by contenders that watch them; it shows that the suite fits such stores too. */
export class ObservedStore implements LeaseStore {
  readonly name = 'observed';
  readonly expiry = 'observed';
  private readonly seen = new Map<string, { version: number; sinceMs: number }>();

  constructor(
    private readonly table: ObservedTable,
    private readonly clock: Clock,
  ) {}

  async acquire(request: AcquireRequest): Promise<AcquireOutcome> {
    const { key, owner, ttlMs, sentAt } = request;
    const entry = this.table.rows.get(key) ?? { row: new LeaseRow(key), version: 0, ttlMs };
    this.table.rows.set(key, entry);
    if (!entry.row.isHeldBy(owner)) {
      const freeInMs = entry.row.state === 'free' ? 0 : this.watch(key, entry);
      if (freeInMs > 0) return { kind: 'held', owner: entry.row.owner, holder: entry.row.holder, freeInMs };
      entry.row.grant({ ...request, ttlMs: Infinity }, (this.table.lastToken += 1), 0);
    }
    this.stamp(entry, ttlMs);
    const { fencingToken, data, attributes } = entry.row;
    return { kind: 'granted', fencingToken, sentAt, data, attributes };
  }

  async renew(request: RenewRequest): Promise<RenewOutcome> {
    const entry = this.table.rows.get(request.key);
    if (entry?.row.isHeldBy(request.owner, request.fencingToken) !== true) return { kind: 'not-held' };
    entry.row.write(request, 0);
    this.stamp(entry, request.ttlMs);
    return { kind: 'renewed', sentAt: request.sentAt };
  }

  async release(request: ReleaseRequest): Promise<ReleaseOutcome> {
    const released = this.table.rows.get(request.key)?.row.release({ ...request, keepForMs: 0 }, 0);
    return { kind: released === true ? 'released' : 'not-held' };
  }

  async revoke({ key, fencingToken, force }: RevokeRequest): Promise<boolean> {
    const row = this.table.rows.get(key)?.row;
    if (row === undefined || row.state === 'free' || row.fencingToken !== fencingToken) return false;
    if (force === true) row.free();
    else row.revoke();
    return true;
  }

  async inspect(key: string): Promise<LeaseRecord | null> {
    const row = this.table.rows.get(key)?.row;
    if (row === undefined || row.isEmpty) return null;
    return { ...row.toRecord(0), remainingMs: undefined };
  }

  async *list(prefix: string): AsyncGenerator<LeaseRecord> {
    for (const key of [...this.table.rows.keys()]) {
      const record = key.startsWith(prefix) ? await this.inspect(key) : null;
      if (record !== null) yield record;
    }
  }

  private stamp(entry: VersionedRow, ttlMs: number): void {
    entry.version += 1;
    entry.ttlMs = ttlMs;
  }

  /** @returns after how long the key may be taken if its record does not change */
  private watch(key: string, { version, ttlMs }: VersionedRow): number {
    const nowMs = this.clock.monotonicMs();
    let seen = this.seen.get(key);
    if (seen?.version !== version) this.seen.set(key, (seen = { version, sinceMs: nowMs }));
    return Math.max(0, seen.sinceMs + takeOverAfterMs(ttlMs, DEFAULT_DRIFT_RATE) - nowMs);
  }
}
