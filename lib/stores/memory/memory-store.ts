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
} from '../../core/lease-store.js';
import { ABSENT, NOT_HELD, RELEASED } from '../../core/outcomes.js';
import { poolOfSlot, slotKey } from '../../core/slot-keys.js';
import type { Clock } from '../../core/ports.js';
import { systemClock } from '../../platform/system-clock.js';
import { FreedHints } from './freed-hints.js';
import { LeaseRow } from './lease-row.js';

/** Options of a {@link MemoryLeaseStore}. */
export interface MemoryStoreOptions {
  /** The clock that ends leases. @default the clock of this process */
  clock?: Clock;
}

/** How many rows each new row pays to look at, so that rows nobody asks for again are forgotten. */
const SWEPT_PER_NEW_ROW = 2;

/**
 * Leases in the memory of one process: for tests, demos, and applications that run as a single process.
 *
 * Give one instance to several managers and they contend as replicas would. Leases end by the monotonic clock and need
 * no timers. One counter numbers the grants of all keys, so that a free key needs no memory.
 */
export class MemoryLeaseStore implements LeaseStore {
  readonly name = 'memory';
  readonly expiry = 'server';
  readonly findsSlots = true;
  private readonly clock: Clock;
  private readonly rows = new Map<string, LeaseRow>();
  private readonly hints = new FreedHints();
  private lastToken = 0;
  private sweep = this.rows.values();

  constructor(options: MemoryStoreOptions = {}) {
    this.clock = options.clock ?? systemClock;
  }

  /** Keys that take memory at present: held, or free with something kept beside them. */
  get size(): number {
    return this.rows.size;
  }

  async acquire(request: AcquireRequest): Promise<AcquireOutcome> {
    const nowMs = this.clock.monotonicMs();
    const { slots } = request;
    return slots === undefined ? this.acquireKey(request, nowMs) : this.acquireSlot(request, slots, nowMs);
  }

  async renew(request: RenewRequest): Promise<RenewOutcome> {
    const nowMs = this.clock.monotonicMs();
    const row = this.rowAt(request.key, nowMs);
    if (row === undefined || !row.isHeldBy(request.owner, request.fencingToken)) return NOT_HELD;
    row.rearm(request.ttlMs, nowMs);
    row.write(request, nowMs);
    return { kind: 'renewed', sentAt: request.sentAt };
  }

  renewMany(requests: readonly RenewRequest[]): Promise<RenewOutcome>[] {
    return requests.map(request => this.renew(request));
  }

  async release(request: ReleaseRequest): Promise<ReleaseOutcome> {
    const nowMs = this.clock.monotonicMs();
    const { key, slots } = request;
    if (slots === undefined) return this.releaseKey(key, request, nowMs) ? RELEASED : NOT_HELD;
    // One that was revoked may be followed by another slot of the same owner.
    const released = slotKeysOf(key, slots).filter(each => this.releaseKey(each, request, nowMs));
    return released.length > 0 ? RELEASED : NOT_HELD;
  }

  async revoke(request: RevokeRequest): Promise<boolean> {
    const row = this.rowAt(request.key, this.clock.monotonicMs());
    if (row === undefined || row.state === 'free' || row.fencingToken !== request.fencingToken) return false;
    if (request.force !== true) {
      row.revoke();
      return true;
    }
    row.free();
    this.freed(request.key);
    return true;
  }

  async inspect(key: string): Promise<LeaseRecord | null> {
    const nowMs = this.clock.monotonicMs();
    return this.rowAt(key, nowMs)?.toRecord(nowMs) ?? null;
  }

  /** Tells of the keys that existed when the listing began, as they are when their turn comes. */
  async *list(prefix: string): AsyncGenerator<LeaseRecord> {
    const keys = [...this.rows.keys()].filter(key => key.startsWith(prefix));
    for (const key of keys) {
      const record = await this.inspect(key);
      if (record !== null) yield record;
    }
  }

  whenFreed(key: string, onFreed: () => void, signal: AbortSignal): void {
    this.hints.subscribe(poolOfSlot(key) ?? key, onFreed, signal);
  }

  /** Does nothing: other managers may share this instance, and leases end by themselves. */
  async close(): Promise<void> {}

  private acquireKey(request: AcquireRequest, nowMs: number): AcquireOutcome {
    const known = this.rowAt(request.key, nowMs);
    if (known === undefined && request.mustExist === true) return ABSENT;
    const row = known ?? this.newRow(request.key, nowMs);
    if (row.state === 'free') {
      row.grant(request, this.nextToken(), nowMs);
    } else if (row.isHeldBy(request.owner)) {
      row.rearm(request.ttlMs, nowMs);
    } else {
      const owner = row.owner === '' ? undefined : row.owner;
      return { kind: 'held', owner, holder: row.holder, freeInMs: row.remainingMs(nowMs) };
    }
    return {
      kind: 'granted',
      fencingToken: row.fencingToken,
      sentAt: request.sentAt,
      data: row.data,
      attributes: row.attributes,
    };
  }

  /** The slot that the owner holds, else the first that is free. */
  private acquireSlot(request: AcquireRequest, slots: number, nowMs: number): AcquireOutcome {
    const { key, owner, firstSlot = 0 } = request;
    const rows = slotKeysOf(key, slots).map(each => this.rowAt(each, nowMs));
    const from = (suits: (row: LeaseRow | undefined) => boolean): number | undefined =>
      rows.map((_, n) => (firstSlot + n) % slots).find(slot => suits(rows[slot]));
    const slot = from(row => row?.isHeldBy(owner) === true) ?? from(row => (row?.state ?? 'free') === 'free');
    if (slot === undefined)
      return { kind: 'held', freeInMs: Math.min(...rows.map(row => row?.remainingMs(nowMs) ?? 0)) };
    const outcome = this.acquireKey({ ...request, key: slotKey(key, slot) }, nowMs);
    return outcome.kind === 'granted' ? { ...outcome, slot } : outcome;
  }

  /** @returns whether the request matched */
  private releaseKey(key: string, request: ReleaseRequest, nowMs: number): boolean {
    if (this.rowAt(key, nowMs)?.release(request, nowMs) !== true) return false;
    this.freed(key);
    return true;
  }

  private freed(key: string): void {
    const row = this.rows.get(key);
    if (row !== undefined) this.forgetIfEmpty(row);
    this.hints.tell(poolOfSlot(key) ?? key);
  }

  /** The row of a key as of now; rows that keep nothing do not exist. */
  private rowAt(key: string, nowMs: number): LeaseRow | undefined {
    const row = this.rows.get(key);
    if (row === undefined) return undefined;
    row.advance(nowMs);
    return this.forgetIfEmpty(row) ? undefined : row;
  }

  private newRow(key: string, nowMs: number): LeaseRow {
    for (let i = 0; i < SWEPT_PER_NEW_ROW; i++) this.sweepOne(nowMs);
    const row = new LeaseRow(key);
    this.rows.set(key, row);
    return row;
  }

  private sweepOne(nowMs: number): void {
    const next = this.sweep.next();
    if (next.done === true) {
      this.sweep = this.rows.values();
      return;
    }
    next.value.advance(nowMs);
    this.forgetIfEmpty(next.value);
  }

  private forgetIfEmpty(row: LeaseRow): boolean {
    return row.isEmpty && this.rows.delete(row.key);
  }

  private nextToken(): number {
    this.lastToken = Math.max(this.lastToken + 1, Math.floor(this.clock.wallMs() * 1000));
    return this.lastToken;
  }
}

function slotKeysOf(pool: string, slots: number): string[] {
  return Array.from({ length: slots }, (_, slot) => slotKey(pool, slot));
}

/** @returns a new {@link MemoryLeaseStore}; share it among managers that shall contend */
export function memoryStore(options?: MemoryStoreOptions): MemoryLeaseStore {
  return new MemoryLeaseStore(options);
}
