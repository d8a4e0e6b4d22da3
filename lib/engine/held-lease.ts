import {
  LockLostError,
  LockReleasedError,
  type DistributedLockError,
  type LossCause,
} from '../core/errors.js';
import type { EventHub, LeaseEvent, LockEvents } from '../core/events.js';
import type { LeaseAttributes, LeaseData, LeaseWrites, RenewOutcome } from '../core/lease-store.js';
import { renewalRetryDelayMs, type ElapsedTime } from '../core/lease-timing.js';
import { LeaseValidity } from '../core/lease-validity.js';
import type { Lease, ReleaseOptions, RenewOptions } from '../core/lease.js';
import { checkRelease, resolveRenew, type ResolvedAcquire } from '../core/options.js';
import type { RandomSource } from '../core/ports.js';
import { KeptBeside } from './kept-beside.js';
import type { AbandonedOwners } from './abandoned-owners.js';
import { LeaseSignals } from './lease-signals.js';
import type { Releaser } from './releaser.js';
import type { RenewalAttempt, RenewalScheduler, RenewedLease } from './renewal-scheduler.js';
import { WorkTracker } from './work-tracker.js';
import { asStoreError, unanswered } from './store-gateway.js';

/** What leases of one manager share. */
export interface LeaseServices {
  readonly elapsed: ElapsedTime;
  readonly random: RandomSource;
  readonly scheduler: RenewalScheduler;
  readonly releaser: Releaser;
  readonly abandoned: AbandonedOwners;
  readonly events: EventHub;
  readonly storeName: string;
  /** All leases that are not over. */
  readonly leases: Set<HeldLease>;
}

/** An acquisition that the store has granted. */
export interface Grant {
  readonly key: string;
  readonly owner: string;
  readonly fencingToken: number;
  readonly sentAt: number;
  readonly data?: LeaseData;
  readonly attributes?: LeaseAttributes;
}

/**
 * - `held`: everything works.
 * - `ending`: its holder was told to stop; still renewed, so that the work ends before the key is free.
 * - `released`, `lost`: over.
 */
type LeaseState =
  { readonly kind: 'held' | 'ending' | 'released' } | { readonly kind: 'lost'; readonly cause: LossCause };

interface PendingRenewal extends RenewalAttempt {
  readonly settled: Promise<DistributedLockError | undefined>;
  settle(error?: DistributedLockError): void;
}

/** A lease as its holder sees it: the holder's clock alone decides whether it is held. */
export class HeldLease implements Lease, RenewedLease {
  dueAt = Infinity;
  queueIndex = -1;

  /** Work that runs under it. */
  readonly work = new WorkTracker();

  private state: LeaseState = { kind: 'held' };
  private readonly validity: LeaseValidity;
  private renewAt: number;
  private renewal: PendingRenewal | null = null;
  private hasWarned = false;
  private releasing: Promise<void> | null = null;
  private readonly signals: LeaseSignals;
  private readonly kept: KeptBeside;

  constructor(
    private readonly grant: Grant,
    private readonly resolved: ResolvedAcquire,
    private readonly services: LeaseServices,
    /** Told once, when the lease is over; `freed` settles when the store has been told, too. */
    private readonly onEnd: (lease: HeldLease, freed: Promise<void>) => void,
  ) {
    this.signals = new LeaseSignals(services.events);
    this.validity = new LeaseValidity(grant.sentAt, resolved.timing, services.elapsed);
    this.renewAt = grant.sentAt + resolved.timing.renewEveryMs;
    this.kept = new KeptBeside(grant.data, grant.attributes);
    services.leases.add(this);
    this.watch();
  }

  get key(): string {
    return this.grant.key;
  }

  get owner(): string {
    return this.grant.owner;
  }

  get fencingToken(): number {
    return this.grant.fencingToken;
  }

  get data(): LeaseData | undefined {
    return this.kept.data;
  }

  get attributes(): LeaseAttributes {
    return this.kept.attributes;
  }

  get isHeld(): boolean {
    this.checkClock(this.services.elapsed.now());
    return this.state.kind === 'held';
  }

  /** Whether it is held or its work is ending: not over. */
  get isStanding(): boolean {
    return !this.checkClock(this.services.elapsed.now());
  }

  get isExpiring(): boolean {
    return this.isHeld && this.services.elapsed.now() >= this.validity.expiringAt;
  }

  get remainingMs(): number {
    return this.isHeld ? Math.max(0, this.validity.validUntil - this.services.elapsed.now()) : 0;
  }

  get signal(): AbortSignal {
    this.checkClock(this.services.elapsed.now());
    return this.signals.signal;
  }

  /** Why the lease was lost; `undefined` while held and when released here. */
  get lossCause(): LossCause | undefined {
    return this.isHeld || this.state.kind !== 'lost' ? undefined : this.state.cause;
  }

  /** Resolves once the lease is over: released, or lost. */
  whenOver(): Promise<void> {
    return this.isOver ? Promise.resolve() : new Promise(resolve => this.signals.onOver(resolve));
  }

  assertHeld(): void {
    if (!this.isHeld) throw this.endError();
  }

  onExpiring(listener: (remainingMs: number) => void): () => void {
    return this.signals.onExpiring(listener);
  }

  async renew(options: RenewOptions = {}): Promise<void> {
    const { ttlMs, writes } = resolveRenew(options, this.resolved);
    this.assertHeld();
    while (this.renewal !== null) {
      await this.renewal.settled;
      this.assertHeld();
    }
    const attempt = this.beginRenewal(this.services.elapsed.now(), ttlMs, this.kept.sequenced(writes));
    this.services.scheduler.send(new Map([[this, attempt]]));
    const error = await attempt.settled;
    this.assertHeld();
    if (error !== undefined) throw error;
  }

  async release(options: ReleaseOptions = {}): Promise<void> {
    checkRelease(options);
    return this.releaseKeeping(0, options);
  }

  /** As {@link release}, but the key stays unavailable for `keepForMs`, as far as the lease would have lasted. */
  releaseKeeping(keepForMs: number, options: ReleaseOptions = {}): Promise<void> {
    if (this.releasing === null) {
      // Known before the listeners of the end hear of it.
      let settle!: (freed: Promise<void>) => void;
      this.releasing = new Promise<void>(resolve => (settle = resolve));
      settle(this.endAndRelease(keepForMs, options));
    }
    return this.releasing;
  }

  /** Tells the holder to stop, and goes on renewing until `release`, so that nobody else starts before it has stopped. */
  beginRelease(): void {
    if (this.isHeld) this.end({ kind: 'ending' });
  }

  /** Gives the lease up without releasing it, since its work may still run: it ends by its TTL. */
  abandon(): void {
    this.checkClock(this.services.elapsed.now());
    if (this.isOver) return;
    // Its work may still run, so no contender here may take its owner for a left-over.
    this.services.abandoned.forget(this.owner);
    this.end({ kind: 'lost', cause: 'closed' });
    this.onEnd(this, Promise.resolve());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  onDue(now: number): RenewalAttempt | null {
    if (this.checkClock(now)) return null;
    if (now >= this.validity.expiringAt && !this.hasWarned) this.warnExpiring(now);
    if (this.isOver) return null;
    const pending = this.renewal;
    if (pending !== null && now >= pending.deadlineAt) {
      const error = unanswered(this.services.storeName, now - pending.request.sentAt);
      pending.call?.leave(pending, error);
      this.onRenewalError(pending, error);
    }
    const isDue = this.renewal === null && now >= this.renewAt;
    const attempt = isDue ? this.beginRenewal(now, this.resolved.timing.ttlMs, {}) : null;
    this.watch();
    return attempt;
  }

  onRenewalReply(attempt: RenewalAttempt, outcome: RenewOutcome): void {
    const pending = attempt as PendingRenewal;
    if (outcome.kind === 'renewed' && !(outcome.sentAt <= this.services.elapsed.now())) {
      return this.onRenewalError(attempt, new Error('its renewal has no valid time'));
    }
    if (this.renewal === pending) this.renewal = null;
    if (this.checkClock(this.services.elapsed.now())) {
      if (outcome.kind === 'renewed' && this.isForfeit) void this.releaseOnce();
    } else if (outcome.kind === 'renewed') {
      this.renewed(outcome.sentAt, pending);
    } else {
      this.lose('refused');
    }
    pending.settle();
  }

  onRenewalError(attempt: RenewalAttempt, reason: unknown): void {
    const pending = attempt as PendingRenewal;
    const error = asStoreError(this.services.storeName, reason);
    pending.settle(error);
    if (this.renewal !== pending) return;
    this.renewal = null;
    const now = this.services.elapsed.now();
    if (this.checkClock(now)) return;
    const { ttlMs, renewEveryMs } = this.resolved.timing;
    if (renewEveryMs !== Infinity)
      this.renewAt = now + renewalRetryDelayMs(ttlMs, this.services.random.next());
    this.watch();
    this.emit('renewal-failed', { error, remainingMs: this.validity.validUntil - now });
  }

  /** Lost for good. One that is `closed` may have work that still runs, so the store has to keep it until its TTL is over. */
  private get isForfeit(): boolean {
    return this.state.kind === 'lost' && this.state.cause !== 'closed';
  }

  private get isOver(): boolean {
    return this.state.kind === 'released' || this.state.kind === 'lost';
  }

  /** Ends a lease whose time is over. @returns whether it is over, since now or before */
  private checkClock(now: number): boolean {
    if (this.isOver) return true;
    const cause = this.validity.overBy(now);
    if (cause === null) return false;
    this.lose(cause);
    return true;
  }

  private beginRenewal(now: number, ttlMs: number, writes: LeaseWrites): PendingRenewal {
    const { key, owner, fencingToken } = this.grant;
    let settle!: PendingRenewal['settle'];
    const settled = new Promise<DistributedLockError | undefined>(resolve => (settle = resolve));
    const deadlineAt = Math.min(now + this.resolved.timing.commandTimeoutMs, this.validity.validUntil);
    const request = { key, owner, fencingToken, ttlMs, sentAt: now, ...writes };
    this.renewal = { request, deadlineAt, settle, settled };
    this.watch();
    return this.renewal;
  }

  private renewed(sentAt: number, { request }: PendingRenewal): void {
    // As of another attempt, it is as long as any of them was at least.
    this.validity.renewed(sentAt, sentAt === request.sentAt ? request.ttlMs : this.resolved.timing.ttlMs);
    this.renewAt = Math.max(this.renewAt, sentAt + this.resolved.timing.renewEveryMs);
    this.kept.wrote(request);
    this.watch();
    this.emit('renewed', { remainingMs: this.validity.validUntil - this.services.elapsed.now() });
  }

  private warnExpiring(now: number): void {
    this.hasWarned = true;
    const remainingMs = this.validity.validUntil - now;
    this.emit('expiring', { remainingMs });
    this.signals.warn(remainingMs);
  }

  private watch(): void {
    if (this.isOver) return;
    const warnAt = this.hasWarned ? Infinity : this.validity.expiringAt;
    const actAt = this.renewal === null ? this.renewAt : this.renewal.deadlineAt;
    this.services.scheduler.watch(this, Math.min(this.validity.validUntil, warnAt, actAt));
  }

  private lose(cause: LossCause): void {
    this.end({ kind: 'lost', cause });
    this.onEnd(this, Promise.resolve());
  }

  private endAndRelease(keepForMs: number, { data }: ReleaseOptions): Promise<void> {
    const now = this.services.elapsed.now();
    if (this.checkClock(now)) return this.state.kind === 'lost' ? this.releaseOnce() : Promise.resolve();
    this.end({ kind: 'released' });
    const { key, owner, fencingToken, sentAt } = this.grant;
    const keepMs = Math.max(
      Math.min(keepForMs, this.validity.validUntil - now),
      sentAt + this.resolved.holdAtLeastMs - now,
    );
    const freed = this.services.releaser.release(
      {
        key,
        owner,
        fencingToken,
        ...(keepMs > 0 && { keepForMs: keepMs }),
        ...(data !== undefined && this.kept.sequenced({ data, dataTtlMs: this.resolved.dataTtlMs })),
      },
      { untilMs: this.validity.storeExpiryAt, commandTimeoutMs: this.resolved.timing.commandTimeoutMs },
    );
    this.onEnd(this, freed);
    return freed;
  }

  /** After a loss: tells the store to let go of what it may still keep for us. */
  private releaseOnce(): Promise<void> {
    const { key, owner, fencingToken } = this.grant;
    const { commandTimeoutMs } = this.resolved.timing;
    const keepForMs = this.grant.sentAt + this.resolved.holdAtLeastMs - this.services.elapsed.now();
    return this.services.releaser.releaseOnce(
      { key, owner, fencingToken, ...(keepForMs > 0 && { keepForMs }) },
      commandTimeoutMs,
    );
  }

  /** Moves to a state in which the lease is not held; its holder learns that first. */
  private end(state: Exclude<LeaseState, { kind: 'held' }>): void {
    const wasHeld = this.state.kind === 'held';
    this.state = state;
    if (wasHeld) this.signals.abort(this.endError());
    if (this.isOver) {
      this.services.scheduler.forget(this);
      this.services.leases.delete(this);
      this.renewal?.settle();
      this.signals.over();
    }
    if (!wasHeld) return;
    if (state.kind === 'lost') this.emit('lost', { cause: state.cause });
    else this.emit('released', { heldMs: this.services.elapsed.now() - this.grant.sentAt });
  }

  private endError(): LockLostError | LockReleasedError {
    return this.state.kind === 'lost'
      ? new LockLostError(this.key, this.state.cause)
      : new LockReleasedError(this.key);
  }

  private emit<E extends 'renewed' | 'renewal-failed' | 'expiring' | 'lost' | 'released'>(
    name: E,
    facts: Omit<LockEvents[E], keyof LeaseEvent>,
  ): void {
    const { key, owner, fencingToken } = this.grant;
    this.services.events.emit(name, { key, owner, fencingToken, ...facts } as unknown as LockEvents[E]);
  }
}
