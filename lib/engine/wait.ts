import type { DistributedLockError } from '../core/errors.js';
import type { ResolvedAcquire } from '../core/options.js';
import type { Clock } from '../core/ports.js';
import type { Obstacle } from './contending.js';
import type { Deadline, Deadlines } from './deadlines.js';
import type { HeldLease } from './held-lease.js';
import type { SlotSource } from './pools/slot-source.js';
import type { Waiter, WaitingRoom } from './waiting-room.js';

/** How somebody waits for a key. */
export interface Demand {
  /** Ends the wait. */
  readonly signal?: AbortSignal;
  /** Whether the wait alone lets the process end. @default false */
  readonly unref?: boolean;
  readonly onBlocked?: (obstacle: Obstacle) => void;
}

/** What acquires leases on demand: a manager, as those see it that are built on it. */
export interface LeaseSource {
  readonly clock: Clock;
  demand(wanted: string | SlotSource, resolved: ResolvedAcquire, demand: Demand): Promise<HeldLease>;
}

/** What waits of one manager share. */
export interface WaitServices {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

/** One caller's wait for a key: until the key is his, or time, the signal or an error ends it. */
export class Wait implements Waiter, Deadline {
  dueAt = Infinity;
  queueIndex = -1;
  before: Waiter | null = null;
  behind: Waiter | null = null;
  isOver = false;
  readonly isProbe: boolean;
  readonly unref: boolean;
  readonly waitingSince: number;
  readonly blocked: ((obstacle: Obstacle) => void) | undefined;
  private isExtended: boolean;

  constructor(
    private readonly room: WaitingRoom,
    readonly resolved: ResolvedAcquire,
    private readonly demand: Demand,
    private readonly services: WaitServices,
    private readonly resolve: (lease: HeldLease) => void,
    private readonly reject: (reason: unknown) => void,
  ) {
    this.isProbe = resolved.timing.waitMs === 0;
    this.isExtended = !this.isProbe;
    this.unref = demand.unref ?? false;
    this.blocked = demand.onBlocked;
    this.waitingSince = services.clock.monotonicMs();
  }

  begin(): void {
    // Itself, not a closure for each wait.
    this.demand.signal?.addEventListener('abort', this, { once: true });
    const { waitMs } = this.resolved.timing;
    this.services.deadlines.startAt(this, this.waitingSince + (this.isProbe ? this.probeMs : waitMs));
    this.room.enter(this);
  }

  granted(lease: HeldLease): void {
    this.end();
    this.resolve(lease);
  }

  failed(error: DistributedLockError): void {
    this.end();
    this.reject(error);
  }

  onDeadline(): void {
    if (this.isProbe) {
      // As long as answers come, the next may be the one.
      const goesOnMs = this.room.progressedAtMs + this.probeMs - this.services.clock.monotonicMs();
      if (goesOnMs > 0) return this.services.deadlines.start(this, goesOnMs);
    }
    const undecidedMs = this.isExtended ? 0 : this.room.undecidedForMs;
    this.isExtended = true;
    if (undecidedMs > 0) return this.services.deadlines.start(this, undecidedMs + this.probeMs);
    const error = this.room.timeoutError(this);
    this.room.leave(this);
    this.failed(error);
  }

  /** As its signal calls it: aborted. */
  handleEvent(): void {
    this.room.leave(this);
    this.end();
    this.reject(this.demand.signal!.reason);
  }

  /**
   * A probe has time for one attempt and one more, should the first bring no answer; and once for the lease of a holder who
   * may be dead.
   */
  private get probeMs(): number {
    return 2 * this.resolved.timing.commandTimeoutMs;
  }

  private end(): void {
    this.isOver = true;
    this.services.deadlines.remove(this);
    this.demand.signal?.removeEventListener('abort', this);
  }
}
