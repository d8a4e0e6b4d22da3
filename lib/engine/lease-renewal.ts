import { StoreRejectedError, StoreUnavailableError, type DistributedLockError } from '../core/errors.js';
import type { LeaseWrites, RenewOutcome } from '../core/lease-store.js';
import { earlyRenewalMs, renewalRetryDelayMs } from '../core/lease-timing.js';
import { LeaseValidity } from '../core/lease-validity.js';
import type { ResolvedAcquire } from '../core/options.js';
import { KeptBeside } from './kept-beside.js';
import { tellOf, type Grant, type LeaseServices } from './lease-services.js';
import type { RenewalAttempt, RenewedLease } from './renewal-scheduler.js';
import { asStoreError, unanswered } from './store-gateway.js';

/** What a renewal asks and tells of its lease. */
export interface RenewingLease {
  readonly isOver: boolean;
  /** One that is over, or ends as its holder was told to stop, has told its end, and tells nothing more. */
  readonly isTelling: boolean;
  /** Ends the lease if its time is over. @returns whether it is over, since now or before */
  checkClock(now: number): boolean;
  /** No renewal has succeeded for `expiringAfter`; said once. */
  warn(remainingMs: number): void;
  /** The store says that the lease is not held. */
  refused(): void;
  /** The store has renewed what is over here. */
  renewedLate(): void;
}

const NO_WRITES: LeaseWrites = Object.freeze({});

/** Keeps one lease alive: until when it is held, when it is renewed, and what is on its way. One renewal at a time. */
export class LeaseRenewal implements RenewedLease {
  dueAt = Infinity;
  queueIndex = -1;
  readonly validity: LeaseValidity;
  readonly kept: KeptBeside;
  private renewAt: number;
  private pending: RenewalAttempt | null = null;
  /** Those who wait for the renewal that is on its way; few renewals have any. */
  private listeners: ((error?: DistributedLockError) => void)[] | null = null;
  private hasWarned = false;

  constructor(
    private readonly grant: Grant,
    private readonly resolved: ResolvedAcquire,
    private readonly services: LeaseServices,
    private readonly lease: RenewingLease,
  ) {
    this.validity = new LeaseValidity(grant.sentAt, resolved.timing, services.elapsed);
    this.kept = new KeptBeside(grant.data, grant.attributes);
    this.renewAt = grant.sentAt + resolved.timing.renewEveryMs;
  }

  /** Whether a renewal is on its way. */
  get isPending(): boolean {
    return this.pending !== null;
  }

  /** Resolves once the renewal that is on its way has ended, with why it failed, if it did. */
  whenSettled(): Promise<DistributedLockError | undefined> {
    return new Promise(resolve => (this.listeners ??= []).push(resolve));
  }

  /** Has the scheduler call when something is due. */
  watch(): void {
    if (this.lease.isOver) return;
    const warnAt = this.hasWarned ? Infinity : this.validity.expiringAt;
    const actAt = this.pending === null ? this.renewAt : this.pending.deadlineAt;
    this.services.scheduler.watch(this, Math.min(this.validity.validUntil, warnAt, actAt));
  }

  /** Renews now. Call it when none is on its way. @returns why it failed, if it did */
  send(ttlMs: number, writes: LeaseWrites): Promise<DistributedLockError | undefined> {
    const attempt = this.begin(this.services.elapsed.now(), ttlMs, writes);
    const outcome = this.whenSettled();
    this.watch();
    this.services.scheduler.send([attempt]);
    return outcome;
  }

  /** The lease is over, by its clock or otherwise: nobody waits for a reply any more. */
  stop(isTimeOver: boolean): void {
    this.services.scheduler.forget(this);
    const { pending } = this;
    if (pending === null) return;
    this.giveUp(pending, isTimeOver ? this.unansweredSince(pending, this.services.elapsed.now()) : null);
    for (const listener of this.endPending()) listener();
  }

  mayGoAt(now: number): boolean {
    const isRenewalNext = this.pending === null && this.dueAt === this.renewAt;
    return isRenewalNext && now >= this.renewAt - earlyRenewalMs(this.resolved.timing.renewEveryMs);
  }

  onDue(now: number): RenewalAttempt | null {
    // A renewal that goes early counts as on time.
    const dueBy = Math.max(now, this.dueAt);
    if (this.lease.checkClock(now)) return null;
    if (now >= this.validity.expiringAt && !this.hasWarned) {
      this.hasWarned = true;
      this.lease.warn(this.validity.validUntil - now);
      if (this.lease.isOver) return null;
    }
    const { pending } = this;
    if (pending !== null && now >= pending.deadlineAt) {
      const error = this.unansweredSince(pending, now);
      this.giveUp(pending, error);
      this.onRenewalError(pending, error);
    }
    const isDue = this.pending === null && dueBy >= this.renewAt && !this.lease.isOver;
    const attempt = isDue ? this.begin(now, this.resolved.timing.ttlMs, NO_WRITES) : null;
    this.watch();
    return attempt;
  }

  onRenewalReply(attempt: RenewalAttempt, outcome: RenewOutcome): void {
    const now = this.services.elapsed.now();
    if (outcome.kind === 'renewed' && !(outcome.sentAt <= now)) {
      return this.onRenewalError(attempt, new Error('its renewal has no valid time'));
    }
    // Taken before anybody hears of it: who renews again at that waits for another one.
    const listeners = this.pending === attempt ? this.endPending() : [];
    if (this.lease.checkClock(now)) {
      if (outcome.kind === 'renewed') this.lease.renewedLate();
    } else if (outcome.kind === 'renewed') {
      this.renewed(outcome.sentAt, attempt);
    } else {
      this.lease.refused();
    }
    for (const listener of listeners) listener();
  }

  onRenewalError(attempt: RenewalAttempt, reason: unknown): void {
    if (this.pending !== attempt) return;
    const error = asStoreError(this.services.storeName, reason);
    for (const listener of this.endPending()) listener(error);
    const { sentAt, ttlMs: requestedMs } = attempt.request;
    if (!isRefusal(error)) this.validity.mayHaveRenewed(sentAt, requestedMs);
    const now = this.services.elapsed.now();
    if (this.lease.checkClock(now)) return;
    const { ttlMs, renewEveryMs } = this.resolved.timing;
    if (renewEveryMs !== Infinity) {
      this.renewAt = now + renewalRetryDelayMs(ttlMs, this.services.random.next());
    }
    this.watch();
    const remainingMs = this.validity.validUntil - now;
    if (this.lease.isTelling)
      tellOf(this.services.events, this.grant, 'renewal-failed', { error, remainingMs });
  }

  /** Its lease does not listen to the command any more, which may be shared: for `reason`, or since it has no need to. */
  private giveUp(attempt: RenewalAttempt, reason: StoreUnavailableError | null): void {
    attempt.call?.leave(reason);
    attempt.call = undefined;
  }

  private unansweredSince({ request }: RenewalAttempt, now: number): StoreUnavailableError {
    return unanswered(this.services.storeName, now - request.sentAt);
  }

  /** @returns those who waited for the renewal that was on its way */
  private endPending(): ((error?: DistributedLockError) => void)[] {
    const { listeners } = this;
    this.pending = null;
    this.listeners = null;
    return listeners ?? [];
  }

  private begin(now: number, ttlMs: number, writes: LeaseWrites): RenewalAttempt {
    const { key, owner, fencingToken } = this.grant;
    const deadlineAt = Math.min(now + this.resolved.timing.commandTimeoutMs, this.validity.validUntil);
    const neededMs = this.validity.ttlNeededMs(now, ttlMs);
    const sequence = this.kept.nextSequence();
    const request = { key, owner, fencingToken, ttlMs: neededMs, sentAt: now, sequence, ...writes };
    return (this.pending = { lease: this, request, deadlineAt, call: undefined });
  }

  private renewed(sentAt: number, { request }: RenewalAttempt): void {
    // As of another attempt, it is as long as any of them was at least, and what this one was to write may not be written.
    const isThisAttempt = sentAt === request.sentAt;
    this.validity.mayHaveRenewed(request.sentAt, request.ttlMs);
    this.validity.renewed(sentAt, isThisAttempt ? request.ttlMs : this.resolved.timing.ttlMs);
    this.renewAt = Math.max(this.renewAt, sentAt + this.resolved.timing.renewEveryMs);
    if (isThisAttempt) this.kept.wrote(request);
    this.watch();
    const { events, elapsed } = this.services;
    if (!this.lease.isTelling || !events.has('renewed')) return;
    tellOf(events, this.grant, 'renewed', { remainingMs: this.validity.validUntil - elapsed.now() });
  }
}

/** Whether the store has certainly not applied what has failed. */
function isRefusal(error: DistributedLockError): boolean {
  return error instanceof StoreUnavailableError ? !error.sent : error instanceof StoreRejectedError;
}
