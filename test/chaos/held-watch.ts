import type { Lease } from '../../lib/core/lease.js';
import { isDistributedLockError, LockLostError } from '../../lib/core/errors.js';
import { monotonicMs, type Journal, type WorkerEntry } from './journal.js';

/** How often it looks, and so how exactly a delay of the event loop is known. */
export const TICK_MS = 5;

interface Watched {
  readonly id: string;
  readonly lease: Lease;
  expectedEnd: number;
  isOver: boolean;
}

/**
 * Reads `isHeld` of all leases of a worker every few ms and writes down each true reading, with the time before and after
 * it: what the lease claims, and no more.
 */
export class HeldWatch {
  private readonly watched = new Map<Lease, Watched>();
  private count = 0;
  private lastTickAt = monotonicMs();
  private lateTicks: { at: number; delayMs: number }[] = [];
  private isReading = false;

  /**
   * @param sparesEnd whether the timer leaves a lease alone once its time should be over, so that its signal is heard from
   *   the library's own timer, and its delay can be measured
   */
  constructor(
    private readonly worker: string,
    private readonly journal: Journal<WorkerEntry>,
    private readonly sparesEnd: boolean,
  ) {
    setInterval(() => {
      const now = monotonicMs();
      const delayMs = now - this.lastTickAt - TICK_MS;
      if (delayMs > TICK_MS) this.lateTicks = [...this.lateTicks.slice(-50), { at: now, delayMs }];
      this.lastTickAt = now;
      for (const watched of [...this.watched.values()])
        if (!this.sparesEnd || now < watched.expectedEnd) this.note(watched);
    }, TICK_MS).unref();
  }

  /** Begins to watch; a lease that is watched already stays what it is. @returns the name of the lease */
  begin(lease: Lease): string {
    const known = this.watched.get(lease);
    if (known !== undefined) return known.id;
    const id = `${this.worker}#${++this.count}`;
    const watched: Watched = { id, lease, expectedEnd: Infinity, isOver: false };
    const { key, fencingToken: token, signal } = lease;
    this.journal.write({ kind: 'granted', lease: id, key, token, at: monotonicMs() });
    this.watched.set(lease, watched);
    if (signal.aborted) this.ended(watched, signal.reason);
    else {
      signal.addEventListener('abort', () => this.ended(watched, signal.reason), { once: true });
      this.note(watched);
    }
    return id;
  }

  /** @returns `isHeld`, written down */
  read(lease: Lease): boolean {
    const watched = this.watched.get(lease);
    return watched !== undefined && this.note(watched);
  }

  /** Reads all leases now. */
  readAll(): void {
    for (const watched of [...this.watched.values()]) this.note(watched);
  }

  /** To be called right before the lease is released. */
  releasing(lease: Lease): void {
    const watched = this.watched.get(lease);
    if (watched === undefined) return;
    this.note(watched);
    this.watched.delete(lease);
    if (watched.isOver) return;
    watched.isOver = true;
    this.journal.write({ kind: 'released', lease: watched.id, at: monotonicMs() });
  }

  private note(watched: Watched): boolean {
    if (watched.isOver) return false;
    const { id, lease } = watched;
    this.isReading = true;
    const before = monotonicMs();
    const { isHeld, remainingMs } = lease;
    const after = monotonicMs();
    this.isReading = false;
    if (isHeld) {
      watched.expectedEnd = after + remainingMs;
      this.journal.write({ kind: 'held', lease: id, before, after, remainingMs });
    } else {
      watched.isOver = true;
      this.watched.delete(lease);
      this.journal.write({ kind: 'not-held', lease: id, at: before });
    }
    return isHeld;
  }

  private ended(watched: Watched, reason: unknown): void {
    const at = monotonicMs();
    const { id, lease, expectedEnd } = watched;
    this.watched.delete(lease);
    const wasReleased = watched.isOver && isDistributedLockError(reason, 'LOCK_RELEASED');
    watched.isOver = true;
    if (wasReleased) return;
    const expectedAt = Number.isFinite(expectedEnd) ? expectedEnd : at;
    this.journal.write({
      kind: 'lost',
      lease: id,
      at,
      cause: reason instanceof LockLostError ? reason.lossCause : String(reason),
      expectedAt,
      loopDelayMs: this.loopDelaySince(expectedAt, at),
      byReading: this.isReading,
    });
  }

  private loopDelaySince(from: number, now: number): number {
    const delays = this.lateTicks.filter(tick => tick.at >= from).map(tick => tick.delayMs);
    return Math.max(0, now - this.lastTickAt - TICK_MS, ...delays);
  }
}
