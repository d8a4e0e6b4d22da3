import { LockLostError, LockReleasedError, type LossCause } from '../core/errors.js';
import type { HolderInfo, LeaseAttributes, LeaseData, ReleaseRequest } from '../core/lease-store.js';
import type { Lease, ReleaseOptions, RenewOptions } from '../core/lease.js';
import { checkRelease, resolveRenew, type ResolvedAcquire } from '../core/options.js';
import { poolOfSlot } from '../core/slot-keys.js';
import { LeaseRenewal, type RenewingLease } from './lease-renewal.js';
import { tellOf, type Grant, type LeaseServices } from './lease-services.js';
import { LeaseSignals } from './lease-signals.js';
import { WorkTracker } from './work-tracker.js';

/** Why a lease is not held any more. */
export type LeaseEnd = LockLostError | LockReleasedError;

/**
 * - `held`: everything works.
 * - `ending`: its holder was told to stop; still renewed, so that the work ends before the key is free.
 * - `released`, `lost`: over.
 */
type LeaseState =
  { readonly kind: 'held' | 'ending' | 'released' } | { readonly kind: 'lost'; readonly cause: LossCause };

/** Whose the key is in this process. */
export interface LeaseKeeper {
  /** The lease is over; the store was told, if there was anything to tell. Once for each lease. */
  freed(lease: HeldLease): void;
}

/** Leases that stand or fall together. */
export interface LeaseBond {
  /** Looks at them all by the clock; where one was lost, it tells the holders of the others to stop. */
  check(now: number): void;
}

/** A lease as its holder sees it: the holder's clock alone decides whether it is held. */
export class HeldLease implements Lease, RenewingLease {
  /** Work that runs under it. */
  readonly work = new WorkTracker();

  private state: LeaseState = { kind: 'held' };
  /** Of a lease in a set. */
  private bond: LeaseBond | null = null;
  /** The end of a lease that it is bound to, for which its holder was told to stop. */
  private foreignEnd: LeaseEnd | null = null;
  private hasToldEnd = false;
  private isUnused = false;
  private releasing: Promise<void> | null = null;
  private readonly renewal: LeaseRenewal;
  private readonly signals: LeaseSignals;

  constructor(
    private readonly grant: Grant,
    private readonly resolved: ResolvedAcquire,
    private readonly services: LeaseServices,
    private readonly keeper: LeaseKeeper,
  ) {
    this.signals = new LeaseSignals(services.events);
    this.renewal = new LeaseRenewal(grant, resolved, services, this);
    this.renewal.watch();
  }

  get key(): string {
    return this.grant.key;
  }

  get slot(): number | string | undefined {
    return this.grant.slot;
  }

  get owner(): string {
    return this.grant.owner;
  }

  get fencingToken(): number {
    return this.grant.fencingToken;
  }

  /** Its holder, as the store was told. */
  get holder(): HolderInfo {
    return this.grant.holder;
  }

  get data(): LeaseData | undefined {
    return this.renewal.kept.data;
  }

  get attributes(): LeaseAttributes {
    return this.renewal.kept.attributes;
  }

  get isHeld(): boolean {
    this.checkClock(this.now);
    return this.state.kind === 'held';
  }

  /** Whether it is held or its work is ending: not over. */
  get isStanding(): boolean {
    return !this.checkClock(this.now);
  }

  get isExpiring(): boolean {
    return this.isHeld && this.now >= this.renewal.validity.expiringAt;
  }

  get remainingMs(): number {
    return this.isHeld ? Math.max(0, this.renewal.validity.validUntil - this.now) : 0;
  }

  get signal(): AbortSignal {
    this.checkClock(this.now);
    return this.signals.signal;
  }

  /** Its own loss, or that of a lease that it is bound to; `undefined` while held and when released here. */
  get loss(): LockLostError | undefined {
    if (this.isHeld) return undefined;
    const end = this.endError();
    return end instanceof LockLostError ? end : undefined;
  }

  /** Why whoever depends on it must stop, as last known; nothing while held, and when it was released. The same as of `signal`. */
  get failure(): LeaseEnd | undefined {
    const hasFailed = this.state.kind === 'lost' || this.state.kind === 'ending';
    return hasFailed ? (this.signals.signal.reason as LeaseEnd) : undefined;
  }

  /** As last known; `isStanding` looks at the clock. */
  get isOver(): boolean {
    return this.state.kind === 'released' || this.state.kind === 'lost';
  }

  get isTelling(): boolean {
    return this.state.kind === 'held' || (this.state.kind === 'ending' && this.foreignEnd !== null);
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
    while (this.renewal.isPending) {
      await this.renewal.whenSettled();
      this.assertHeld();
    }
    const error = await this.renewal.send(ttlMs, writes);
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
      let released!: () => void;
      this.releasing = new Promise<void>(resolve => (released = resolve));
      this.endAndRelease(keepForMs, options, released);
    }
    return this.releasing;
  }

  /** Tells the holder to stop, and goes on renewing until `release`, so that nobody else starts before it has stopped. */
  beginRelease(): void {
    if (this.isHeld) this.end({ kind: 'ending' });
  }

  /** Has it stand or fall with others, by the clock as well: `bond` is asked whenever somebody asks about this lease. */
  bind(bond: LeaseBond): void {
    this.bond = bond;
  }

  /** As {@link beginRelease}, since a lease that it is bound to has ended so. As last known; idempotent. */
  endFor(end: LeaseEnd): void {
    if (this.state.kind !== 'held') return;
    this.foreignEnd = end;
    this.end({ kind: 'ending' });
  }

  /** As {@link release}, of a lease under which nothing was done: `holdAtLeast` does not count. */
  giveBack(): Promise<void> {
    this.isUnused = true;
    return this.release();
  }

  /** Gives the lease up without releasing it, since its work may still run: it ends by its TTL. */
  abandon(): void {
    if (this.checkClock(this.now)) return;
    // Its work may still run, so no contender here may take its owner for a left-over.
    this.services.abandoned.forget(this.owner);
    this.lose('closed');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** Ends a lease whose time is over. @returns whether it is over, since now or before */
  checkClock(now: number): boolean {
    if (this.isOver) return true;
    this.bond?.check(now);
    return this.checkOwnClock(now);
  }

  /** As {@link checkClock}, whatever has become of those that it is bound to. */
  checkOwnClock(now: number): boolean {
    if (this.isOver) return true;
    const cause = this.renewal.validity.overBy(now);
    if (cause === null) return false;
    this.lose(cause);
    return true;
  }

  warn(remainingMs: number): void {
    if (!this.isTelling) return;
    tellOf(this.services.events, this.grant, 'expiring', { remainingMs });
    this.signals.warn(remainingMs);
  }

  refused(): void {
    if (!this.isOver) this.lose('refused');
  }

  /** One that is lost as `closed` may have work that still runs, so the store has to keep it until its TTL is over. */
  renewedLate(): void {
    if (this.state.kind === 'lost' && this.state.cause !== 'closed') void this.releaseOnce();
  }

  private get now(): number {
    return this.services.elapsed.now();
  }

  private lose(cause: LossCause): void {
    this.end({ kind: 'lost', cause });
    // Not within the call that has found the loss: it may be asking who holds the key.
    queueMicrotask(() => this.free(this.state.kind === 'lost' && this.state.cause !== 'closed'));
  }

  /**
   * Its key may be acquired here again. Another attempt of its owner may yet be applied, which would be nobody's: but what the
   * store shows before it has heard of the end may be kept, or written to, by the release that is still on its way.
   */
  private free(isKnownToBeOver: boolean): void {
    const { key, owner, isInDoubt } = this.grant;
    if (isInDoubt && isKnownToBeOver)
      this.services.abandoned.remember(owner, 2 * this.resolved.timing.ttlMs, poolOfSlot(key));
    this.keeper.freed(this);
  }

  private endAndRelease(keepForMs: number, { data }: ReleaseOptions, onReleased: () => void): void {
    const { now } = this;
    if (this.checkClock(now)) {
      if (this.state.kind === 'lost') void this.releaseOnce().then(onReleased);
      else onReleased();
      return;
    }
    this.end({ kind: 'released' });
    const { validity, kept } = this.renewal;
    const keepMs = Math.max(Math.min(keepForMs, validity.validUntil - now), this.holdForMs(now));
    const { dataTtlMs, timing } = this.resolved;
    const writes = data === undefined ? {} : { data, dataTtlMs, sequence: kept.nextSequence() };
    // A key that is kept may have to be freed later, for which the store must have answered once.
    const { commandTimeoutMs } = timing;
    const untilMs = Math.max(validity.storeExpiryAt, now + keepMs + commandTimeoutMs);
    const request = { ...this.releaseRequest(keepMs), ...writes };
    this.services.releaser.release(request, { startedAt: now, untilMs, commandTimeoutMs }, answer => {
      this.free(answer !== 'unanswered');
      onReleased();
    });
  }

  /** After a loss: tells the store to let go of what it may still keep for us. */
  private releaseOnce(): Promise<void> {
    const request = this.releaseRequest(this.holdForMs(this.now));
    return this.services.releaser.releaseOnce(request, this.resolved.timing.commandTimeoutMs);
  }

  private releaseRequest(keepMs: number): ReleaseRequest {
    const { key, owner, fencingToken } = this.grant;
    return { key, owner, fencingToken, ...(keepMs > 0 && { keepForMs: keepMs }) };
  }

  /** For how much longer `holdAtLeast` asks. */
  private holdForMs(now: number): number {
    return this.isUnused ? 0 : this.grant.sentAt + this.resolved.holdAtLeastMs - now;
  }

  /** Moves to a state in which the lease is not held; its holder learns that first. */
  private end(state: Exclude<LeaseState, { kind: 'held' }>): void {
    const wasHeld = this.state.kind === 'held';
    this.state = state;
    if (wasHeld) this.signals.abort(() => this.endError());
    if (this.isOver) {
      this.renewal.stop(state.kind === 'lost' && state.cause === 'expired');
      this.signals.over();
    }
    if (wasHeld) this.bond?.check(this.now);
    if (this.hasToldEnd || this.isTelling) return;
    this.hasToldEnd = true;
    const { events } = this.services;
    if (state.kind === 'lost') tellOf(events, this.grant, 'lost', { cause: state.cause });
    else if (events.has('released'))
      tellOf(events, this.grant, 'released', { heldMs: this.now - this.grant.sentAt });
  }

  private endError(): LeaseEnd {
    if (this.foreignEnd !== null) return this.foreignEnd;
    return this.state.kind === 'lost'
      ? new LockLostError(this.key, this.state.cause)
      : new LockReleasedError(this.key);
  }
}
