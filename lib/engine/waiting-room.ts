import type { DistributedLockError } from '../core/errors.js';
import { LockHeldError, LockTimeoutError, StoreUnavailableError } from '../core/errors.js';
import { describeError } from '../core/describe-error.js';
import type { ResolvedAcquire } from '../core/options.js';
import type { Contending, ContenderEvents, ContentionServices, Obstacle } from './contending.js';
import { HeldLease, type LeaseKeeper } from './held-lease.js';
import { detached } from './lease-context.js';
import type { Grant } from './lease-services.js';
import { WaitingLine, type InLine } from './waiting-line.js';

/** Somebody in this process who wants a key, or any slot of a pool. */
export interface Waiter extends InLine<Waiter> {
  readonly resolved: ResolvedAcquire;
  /** Wants an answer, not the key at any price: ends with `LockHeldError` as soon as the key is seen with another. */
  readonly isProbe: boolean;
  /** Whether waiting alone lets the process end. */
  readonly unref: boolean;
  /** On the monotonic clock. */
  readonly waitingSince: number;
  /** Served, failed or gone. */
  readonly isOver: boolean;
  granted(lease: HeldLease): void;
  failed(error: DistributedLockError): void;
  /** What stands in the way; a waiter that is not first in line is told as well. */
  blocked?(obstacle: Obstacle): void;
}

/**
 * Who waits in one manager for a key, or for any slot of a pool: first come first served. However many wait, one contender asks
 * the store. What is held here, each kind of room knows by itself.
 */
export abstract class WaitingRoom implements ContenderEvents, LeaseKeeper {
  protected readonly waiters = new WaitingLine<Waiter>();
  /** Those of them who want to hear what stands in the way. */
  private observers: Set<Waiter> | null = null;
  protected contender: Contending | null = null;
  private obstacle: Obstacle | null = null;
  private announcedHolder: string | undefined;
  /** What stood in the way of all who waited, and until when: the last lease here until the store was told of its end, or what was seen. */
  private lastHold: { readonly obstacle: Obstacle; readonly endedAt: number } | null = null;

  constructor(
    readonly key: string,
    protected readonly services: ContentionServices,
    private readonly onIdle: (room: WaitingRoom) => void,
  ) {}

  /** What this manager holds, until the store knows that it is over. */
  abstract get held(): readonly HeldLease[];
  /** That all there is is held here, as the clock says; `null` while something else is to be had, or may soon be. */
  protected abstract get ownHold(): Obstacle | null;
  /** Whether the store has nothing more to give to this manager. */
  protected abstract get isExhausted(): boolean;
  protected abstract contend(waiter: Waiter): Contending;
  /** A waiter has been given this. */
  protected abstract keep(lease: HeldLease): void;
  /** @returns whether it was held here; the store knows, as far as it can be told, that it is over */
  protected abstract letGo(lease: HeldLease): boolean;

  enter(waiter: Waiter): void {
    const obstacle = this.presentObstacle;
    // Reading the clock may have ended the lease here, and its listeners this wait.
    if (waiter.isOver) return this.forgetIfIdle();
    if (waiter.isProbe && obstacle?.kind === 'held' && !isUndecided(obstacle)) {
      waiter.failed(new LockHeldError(this.key, obstacle.holder));
      return this.forgetIfIdle();
    }
    this.waiters.join(waiter);
    if (waiter.isProbe || waiter.blocked !== undefined) (this.observers ??= new Set()).add(waiter);
    if (obstacle !== null) waiter.blocked?.(obstacle);
    this.next();
  }

  /** The waiter has given up. */
  leave(waiter: Waiter): void {
    const { contender } = this;
    const isFirst = this.waiters.first === waiter;
    if (!this.waiters.leave(waiter)) return;
    this.observers?.delete(waiter);
    if (isFirst && contender !== null) {
      this.contender = null;
      contender.abandon();
      this.services.releaser.inBackground(contender.whenEnded());
    }
    this.next();
    // Nobody looks any more: what was seen last says nothing to those who come later.
    if (this.contender === null) this.obstacle = null;
    this.forgetIfIdle();
  }

  /** Ends all waits. */
  rejectAll(error: DistributedLockError): void {
    for (const waiter of [...this.waiters]) {
      this.leave(waiter);
      waiter.failed(error);
    }
  }

  /** How much longer it takes at most to learn whether the holder lives; 0 where that is known, or cannot be known now. */
  get undecidedForMs(): number {
    const obstacle = this.presentObstacle;
    return obstacle?.kind === 'held' && isUndecided(obstacle) ? (obstacle.freeInMs ?? 0) : 0;
  }

  /** When the store last answered something that decides nothing, on the monotonic clock, where there is more to ask. */
  get progressedAtMs(): number {
    return -Infinity;
  }

  /** What to tell somebody whose wait is over. */
  timeoutError(waiter: Waiter): DistributedLockError {
    const waitedMs = this.services.clock.monotonicMs() - waiter.waitingSince;
    const obstacle = this.presentObstacle ?? this.holdDuring(waiter);
    if (obstacle?.kind === 'held') {
      return waiter.isProbe
        ? new LockHeldError(this.key, obstacle.holder)
        : new LockTimeoutError(this.key, waitedMs, obstacle.holder);
    }
    return unavailable(this.key, waitedMs, obstacle);
  }

  /** A lease here that is being released is no holder: whether the store knows is what is waited for. */
  protected get presentObstacle(): Obstacle | null {
    return this.ownHold ?? this.obstacle;
  }

  /** Whoever has waited behind a lease here has found the key held, even while its release, or the first attempt after it, is on its way. */
  protected holdDuring({ isProbe, waitingSince }: Waiter): Obstacle | null {
    const { lastHold } = this;
    if (isProbe) return null;
    if (this.isExhausted) return holdOf(this.held[0]!);
    return lastHold !== null && lastHold.endedAt > waitingSince ? lastHold.obstacle : null;
  }

  protected next(): void {
    const waiter = this.waiters.first;
    if (waiter === null || this.contender !== null || this.isExhausted) return;
    const contender = this.contend(waiter);
    this.contender = contender;
    // Whose release or abort it is that brings the next one's turn does not matter to what follows.
    detached(() => contender.start());
  }

  /** As the contender tells. */
  failed(error: DistributedLockError): void {
    const waiter = this.waiters.first!;
    this.serve(waiter);
    waiter.failed(error);
    this.next();
    this.forgetIfIdle();
  }

  /** As the contender tells: its grant is for the first in line. */
  granted(grant: Grant): void {
    const waiter = this.waiters.first!;
    this.serve(waiter);
    const lease = new HeldLease(grant, waiter.resolved, this.services, this);
    this.keep(lease);
    // The lease has its taker before anybody hears of it: a listener may abort the wait.
    waiter.granted(lease);
    const { events, clock } = this.services;
    if (events.has('acquired')) {
      const waitedMs = clock.monotonicMs() - waiter.waitingSince;
      const { owner, fencingToken } = lease;
      events.emit('acquired', { key: lease.key, owner, fencingToken, waitedMs });
    }
    if (this.isExhausted) this.tellAll(holdOf(lease));
    this.next();
  }

  private serve(waiter: Waiter): void {
    this.contender = null;
    this.pass(this.obstacle);
    this.waiters.leave(waiter);
    this.observers?.delete(waiter);
  }

  /** What stood in the way does not any more; those who have waited behind it have found something held. */
  private pass(obstacle: Obstacle | null): void {
    this.obstacle = null;
    if (obstacle?.kind === 'held' && this.waiters.size > 0)
      this.lastHold = { obstacle, endedAt: this.services.clock.monotonicMs() };
  }

  /** As the contender tells. */
  blocked(obstacle: Obstacle, retryInMs: number): void {
    this.obstacle = obstacle;
    this.announce(obstacle, retryInMs);
    this.tellAll(obstacle);
  }

  private tellAll(obstacle: Obstacle): void {
    for (const waiter of [...(this.observers ?? [])]) {
      waiter.blocked?.(obstacle);
      if (!waiter.isProbe || obstacle.kind === 'unavailable' || isUndecided(obstacle)) continue;
      this.leave(waiter);
      const waitedMs = this.services.clock.monotonicMs() - waiter.waitingSince;
      const isHeld = obstacle.kind === 'held';
      waiter.failed(
        isHeld ? new LockHeldError(this.key, obstacle.holder) : unavailable(this.key, waitedMs, obstacle),
      );
    }
  }

  private announce(obstacle: Obstacle, retryInMs: number): void {
    const { events } = this.services;
    if (obstacle.kind === 'held') {
      const holder = obstacle.owner ?? '';
      if (holder !== this.announcedHolder) events.emit('waiting', { key: this.key, holder: obstacle.holder });
      this.announcedHolder = holder;
    } else if (obstacle.kind === 'not-yet') {
      events.emit('acquire-delayed', { key: this.key, reason: 'restart-guard', retryInMs });
    } else {
      events.emit('acquire-delayed', {
        key: this.key,
        reason: 'unavailable',
        error: obstacle.error,
        retryInMs,
      });
    }
  }

  /** As the lease tells: the store knows, as far as it can be told, that it is over. */
  freed(lease: HeldLease): void {
    const hold = this.isExhausted ? holdOf(lease) : this.obstacle;
    if (!this.letGo(lease)) return;
    this.pass(hold);
    this.next();
    this.forgetIfIdle();
  }

  private forgetIfIdle(): void {
    if (this.waiters.size === 0 && this.held.length === 0) this.onIdle(this);
  }
}

/** A lease of this manager, as others who want its key see it. */
export function holdOf({ owner, holder }: HeldLease): Obstacle {
  return { kind: 'held', owner, holder };
}

/** The key has a holder of whom nobody knows whether he lives. */
function isUndecided(obstacle: Obstacle): boolean {
  return obstacle.kind === 'held' && obstacle.mayBeDead === true;
}

function unavailable(key: string, waitedMs: number, obstacle: Obstacle | null): StoreUnavailableError {
  const within = `key '${key}' could not be acquired within ${Math.round(waitedMs)} ms`;
  if (obstacle?.kind === 'not-yet') {
    return new StoreUnavailableError(
      `${within}: the store was restarted and grants nothing for another ${Math.round(obstacle.freeInMs)} ms, until leases from before are over. Wait longer, or lower maxTtl.`,
      { sent: false },
    );
  }
  const cause = obstacle?.kind === 'unavailable' ? obstacle.error : undefined;
  return new StoreUnavailableError(
    `${within}: ${cause === undefined ? 'the store has not answered yet' : describeError(cause)}.`,
    { sent: cause === undefined || !(cause instanceof StoreUnavailableError) || cause.sent, cause },
  );
}
