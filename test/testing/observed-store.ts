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
import { DEFAULT_DRIFT_RATE, MAX_DRIFT_RATE, takeOverAfterMs } from '../../lib/core/lease-timing.js';
import type { Clock } from '../../lib/core/ports.js';
import { LeaseRow } from '../../lib/stores/memory/lease-row.js';

interface VersionedRow {
  readonly row: LeaseRow;
  version: number;
  ttlMs: number;
  sequence: number;
  sentAt: number;
  keptBy: string | undefined;
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
  private readonly seen = new Map<string, { version: number; sinceMs: number; isAlive: boolean }>();

  constructor(
    private readonly table: ObservedTable,
    private readonly clock: Clock,
  ) {}

  async acquire(request: AcquireRequest): Promise<AcquireOutcome> {
    const { key, owner, ttlMs, sentAt } = request;
    const known = this.table.rows.get(key);
    if (request.mustExist === true && known?.row.isEmpty !== false) return { kind: 'absent' };
    const blank = { version: 0, ttlMs, sequence: 0, sentAt, keptBy: undefined };
    const entry = known ?? { row: new LeaseRow(key), ...blank };
    this.table.rows.set(key, entry);
    const { row } = entry;
    if (!row.isHeldBy(owner)) {
      if (row.state === 'free' && request.onlyIfDead === true) return { kind: 'held', freeInMs: 0 };
      const seen = row.state === 'free' ? { freeInMs: 0 } : this.watch(key, entry, request.driftRate);
      if (seen.freeInMs > 0)
        return { kind: 'held', owner: row.owner || undefined, holder: row.holder, ...seen };
      row.grant({ ...request, ttlMs: Infinity }, (this.table.lastToken += 1), 0);
    }
    this.stamp(entry, ttlMs);
    Object.assign(entry, { sequence: 0, sentAt, keptBy: undefined });
    const { fencingToken, data, attributes } = row;
    return { kind: 'granted', fencingToken, sentAt, data, attributes };
  }

  async renew(request: RenewRequest): Promise<RenewOutcome> {
    const entry = this.table.rows.get(request.key);
    if (entry?.row.isHeldBy(request.owner, request.fencingToken) !== true) return { kind: 'not-held' };
    if (request.sequence > entry.sequence) {
      entry.row.write(request, 0);
      this.stamp(entry, request.ttlMs);
      Object.assign(entry, { sequence: request.sequence, sentAt: request.sentAt });
    }
    return { kind: 'renewed', sentAt: entry.sentAt };
  }

  async release(request: ReleaseRequest): Promise<ReleaseOutcome> {
    const entry = this.table.rows.get(request.key);
    if (entry?.keptBy === request.owner && entry.row.state === 'kept') {
      if (request.keepForMs === undefined) entry.row.free();
      return { kind: 'released' };
    }
    if (entry?.row.release(request, 0) !== true) return { kind: 'not-held' };
    if (request.keepForMs !== undefined) {
      this.stamp(entry, request.keepForMs);
      entry.keptBy = request.owner;
    }
    return { kind: 'released' };
  }

  async revoke({ key, fencingToken, force }: RevokeRequest): Promise<boolean> {
    const row = this.table.rows.get(key)?.row;
    if (row === undefined || row.state === 'free' || row.fencingToken !== fencingToken) return false;
    if (force === true) row.free();
    else row.revoke();
    return true;
  }

  async inspect(key: string): Promise<LeaseRecord | null> {
    const entry = this.table.rows.get(key);
    if (entry === undefined || entry.row.isEmpty) return null;
    const remainingMs =
      entry.row.state === 'free' ? undefined : this.watch(key, entry, MAX_DRIFT_RATE).freeInMs;
    return { ...entry.row.toRecord(0), remainingMs };
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

  private watch(
    key: string,
    { row, version, ttlMs }: VersionedRow,
    driftRate = DEFAULT_DRIFT_RATE,
  ): { freeInMs: number; mayBeDead?: boolean } {
    const nowMs = this.clock.monotonicMs();
    let seen = this.seen.get(key);
    if (seen?.version !== version)
      this.seen.set(key, (seen = { version, sinceMs: nowMs, isAlive: seen !== undefined }));
    const freeInMs = Math.max(0, seen.sinceMs + takeOverAfterMs(ttlMs, driftRate) - nowMs);
    // A key that is kept is not that of a dead holder
    const mayBeDead = !seen.isAlive && row.state !== 'kept';
    return { freeInMs, ...(mayBeDead && { mayBeDead }) };
  }
}
