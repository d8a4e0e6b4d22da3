import type { DistributedLockError } from '../core/errors.js';
import { CorruptLeaseError, KeyAbsentError, StoreUnavailableError } from '../core/errors.js';
import type { AcquireOutcome, HolderInfo } from '../core/lease-store.js';
import { pollDelayMs, validUntil } from '../core/lease-timing.js';
import { poolOfSlot, slotKey } from '../core/slot-keys.js';
import type { ResolvedAcquire } from '../core/options.js';
import {
  isCurable,
  type Contending,
  type ContenderEvents,
  type ContentionServices,
  type Obstacle,
  type Wanted,
} from './contending.js';
import type { Grant } from './lease-services.js';
import type { ReleaseAnswer } from './releaser.js';
import { asStoreError, unknownKind, type CommandListener } from './store-gateway.js';
import { Wakeup } from './wakeup.js';
import { watchFreed } from './watch-freed.js';

/** What is done then is done in a microtask; cheaper than `queueMicrotask`, which Node wraps. */
const SOON = Promise.resolve();

type Granted = Extract<AcquireOutcome, { kind: 'granted' }>;

/**
 * One owner's way to a grant: asks the store, waits for hints, for the holder's end or for the next poll, and asks again,
 * with the same owner throughout, so that an attempt whose reply was lost is recognised as its own.
 */
export class Contender implements Contending, CommandListener<AcquireOutcome> {
  readonly owner: string;
  private state: 'contending' | 'granted' | 'abandoned' = 'contending';
  private holder: HolderInfo | undefined;
  private late: Granted | null = null;
  private grantedToken: number | undefined;
  /** Whether an attempt may have been applied, or may still be, without our knowing. */
  private isInDoubt = false;
  private isAsking = false;
  private firstSlot: number | undefined;
  /** Keys of slots that were found damaged since the last pause. */
  private damaged: Set<string> | null = null;
  private attempts = 0;
  private lastSentAt = -Infinity;
  private clearedOwner: string | undefined;
  /** Whether the key was last seen with a holder of whom nobody knows whether he lives. */
  private holderMayBeDead = false;
  private wakeup: Wakeup | null = null;
  private subscription: AbortController | null = null;
  private onEnded: (() => void) | null = null;
  private hasEnded = false;

  constructor(
    private readonly wanted: Wanted,
    private readonly resolved: ResolvedAcquire,
    private readonly services: ContentionServices,
    private readonly events: ContenderEvents,
    /** Whether it alone lets the process end. */
    readonly unref: boolean,
  ) {
    this.owner = services.random.id();
    this.firstSlot = wanted.firstSlot;
  }

  start(): void {
    // Waiters that leave together, at a shared abort or at close, would otherwise each send a request as their turn comes.
    void SOON.then(() => this.ask());
  }

  wake(): void {
    this.wakeup?.wake();
  }

  abandon(): void {
    if (this.state === 'abandoned') return;
    const isGranted = this.state === 'granted';
    this.state = 'abandoned';
    this.subscription?.abort();
    this.wakeup?.wake();
    if (isGranted || (this.isInDoubt && !this.isAsking)) this.disown();
    // The next contender may see this one's grant before its reply is here.
    else if (this.isAsking) this.leaveBehind();
  }

  whenEnded(): Promise<void> {
    return this.hasEnded ? Promise.resolve() : new Promise(resolve => (this.onEnded = resolve));
  }

  objection(outcome: AcquireOutcome): string | undefined {
    const problem = unknownKind(outcome, 'granted', 'held', 'absent', 'not-yet');
    if (problem !== undefined || outcome.kind !== 'granted' || this.isPlausible(outcome)) return problem;
    return 'its grant has no valid token or time';
  }

  answered(outcome: AcquireOutcome): void {
    if (outcome.kind === 'absent') this.failed(new KeyAbsentError(this.wanted.key));
    else this.heard(outcome);
  }

  failed(error: DistributedLockError): void {
    const { key, slots } = this.wanted;
    if (error instanceof CorruptLeaseError && slots !== undefined && poolOfSlot(error.key) === key)
      return this.passOver(error);
    if (error instanceof StoreUnavailableError && error.sent) this.isInDoubt = true;
    if (isCurable(error) || this.isAbandoned()) return this.heard({ kind: 'unavailable', error });
    this.fail(error);
  }

  answeredLate(outcome: AcquireOutcome): void {
    if (outcome.kind !== 'granted') return;
    if (this.state === 'abandoned') return this.disown();
    if (this.state === 'granted') {
      // Applied after the lease had ended: another grant, which nobody waits for.
      if (outcome.fencingToken !== this.grantedToken) this.letGo(outcome.fencingToken);
      return;
    }
    this.late = outcome;
    this.pauses.wake();
  }

  private ask(): void {
    if (this.isAbandoned()) return this.end();
    this.isAsking = true;
    this.attempts++;
    const { gateway, elapsed } = this.services;
    const { timing, data, dataTtlMs, attributes, mustExist } = this.resolved;
    const { ttlMs, driftRate, waitMs, commandTimeoutMs } = timing;
    const { owner, firstSlot } = this;
    const { key, slots } = this.wanted;
    const sentAt = (this.lastSentAt = elapsed.now());
    const holder = (this.holder = this.services.describeHolder());
    const onlyIfDead = this.holderMayBeDead && waitMs === 0;
    const writes = { data, dataTtlMs, attributes, mustExist, onlyIfDead };
    // What is spread comes last, and once: V8 adds properties to a copy by a way that costs more than the rest of a cycle.
    const request = { key, slots, firstSlot, owner, ttlMs, sentAt, driftRate, holder, ...writes };
    gateway.send(commandTimeoutMs, call => gateway.store.acquire(request, call), this);
  }

  private heard(obstacle: Obstacle | Granted): void {
    this.isAsking = false;
    if (this.isAbandoned()) {
      if (obstacle.kind === 'granted' || this.isInDoubt) this.disown();
      else this.services.abandoned.forget(this.owner);
      return this.end();
    }
    const grant = this.takeGrant(obstacle);
    if (grant !== null) return this.take(grant);
    if (obstacle.kind !== 'granted') return this.pauseAndAsk(obstacle);
    this.isInDoubt = true;
    this.ask();
  }

  /** A damaged slot does not keep others from being had; one that is met again is the only one that is left. */
  private passOver(error: CorruptLeaseError): void {
    if (this.damaged?.has(error.key) === true) return this.heard({ kind: 'held' });
    const { services, resolved, wanted } = this;
    this.damaged = (this.damaged ?? new Set()).add(error.key);
    this.firstSlot = (Number(error.key.slice(wanted.key.length + 1)) + 1) % wanted.slots!;
    const retryInMs = resolved.timing.pollEveryMs;
    services.events.emit('acquire-delayed', { key: error.key, reason: 'unavailable', error, retryInMs });
    if (this.isAbandoned()) return this.heard({ kind: 'held' });
    this.ask();
  }

  private pauseAndAsk(obstacle: Obstacle): void {
    this.overcome(obstacle).catch((error: unknown) => {
      if (!this.isAbandoned()) this.fail(asStoreError(this.services.storeName, error));
    });
  }

  private async overcome(obstacle: Obstacle): Promise<void> {
    const isFreed = obstacle.kind === 'held' && (await this.releasedAbandoned(obstacle.owner));
    if (this.isAbandoned()) return this.end();
    if (isFreed) return this.ask();
    const retryInMs = this.retryDelayMs(obstacle, this.attempts - 1);
    this.events.blocked(obstacle, retryInMs);
    if (obstacle.kind === 'held') {
      this.holderMayBeDead = obstacle.mayBeDead === true;
      this.subscribe();
    }
    if (this.isAbandoned()) return this.end();
    await this.pauses.pause(retryInMs);
    this.damaged = null;
    if (this.isAbandoned()) return this.end();
    const late = this.takeGrant(null);
    if (late === null) this.ask();
    else this.take(late);
  }

  /** A grant that comes yet has nobody to take it. */
  private fail(error: DistributedLockError): void {
    this.isAsking = false;
    this.end();
    // What a store does when the subscription ends may have ended the wait.
    if (this.isAbandoned()) return;
    this.abandon();
    this.events.failed(error);
  }

  private take(grant: Grant): void {
    this.end();
    // What a store does when the subscription ends may have ended the wait.
    if (!this.isAbandoned()) this.events.granted(grant);
  }

  private end(): void {
    this.hasEnded = true;
    this.subscription?.abort();
    this.onEnded?.();
  }

  /** Made when it is needed: most are granted the key at once. */
  private get pauses(): Wakeup {
    return (this.wakeup ??= new Wakeup(this.services.clock, { unref: this.unref }));
  }

  private isAbandoned(): boolean {
    return this.state === 'abandoned';
  }

  private isPlausible({ sentAt, fencingToken, slot }: Granted): boolean {
    const { slots } = this.wanted;
    const isWanted = slots === undefined || (Number.isInteger(slot) && slot! >= 0 && slot! < slots);
    return isWanted && sentAt <= this.lastSentAt && Number.isSafeInteger(fencingToken) && fencingToken > 0;
  }

  /** A grant that was long on its way may be over already; then it is asked for again. */
  private takeGrant(outcome: Obstacle | Granted | null): Grant | null {
    for (const granted of [outcome, this.late]) {
      if (granted?.kind !== 'granted') continue;
      const { ttlMs, driftRate } = this.resolved.timing;
      if (this.services.elapsed.now() >= validUntil(granted.sentAt, ttlMs, driftRate)) continue;
      this.state = 'granted';
      const { fencingToken, sentAt, data, attributes, slot } = granted;
      const { key } = this.wanted;
      this.grantedToken = fencingToken;
      return {
        key: slot === undefined ? key : slotKey(key, slot),
        slot,
        owner: this.owner,
        isInDoubt: this.isInDoubt,
        holder: this.holder!,
        fencingToken,
        sentAt,
        data,
        attributes,
      };
    }
    this.late = null;
    return null;
  }

  /** Lets go of what this owner may hold, now or as soon as the store shows it. */
  private disown(): void {
    this.leaveBehind();
    this.letGo();
  }

  /** @param fencingToken only of this grant: by another, the owner may hold what is worked under */
  private letGo(fencingToken?: number): void {
    const { ttlMs, commandTimeoutMs } = this.resolved.timing;
    const { releaser, elapsed } = this.services;
    const startedAt = elapsed.now();
    const patience = { startedAt, untilMs: startedAt + ttlMs, commandTimeoutMs };
    const { key, slots } = this.wanted;
    releaser.releaseInBackground({ key, slots, owner: this.owner, fencingToken }, patience);
  }

  private leaveBehind(): void {
    const { key, slots } = this.wanted;
    const pool = slots === undefined ? undefined : key;
    this.services.abandoned.remember(this.owner, 2 * this.resolved.timing.ttlMs, pool);
  }

  /** @returns whether the key, or a slot of the pool, was held by nobody but an owner that we had given up */
  private async releasedAbandoned(holder: string | undefined): Promise<boolean> {
    const { abandoned, releaser } = this.services;
    const { key, slots } = this.wanted;
    const { commandTimeoutMs } = this.resolved.timing;
    const attempt = (owner: string): Promise<ReleaseAnswer> =>
      releaser.attempt({ key, slots, owner }, commandTimeoutMs);
    if (slots !== undefined) {
      // Who holds a slot of a pool, the store does not say of each: it is asked about a few of those that may.
      const answers = await Promise.all(abandoned.someOf(key).map(attempt));
      return answers.includes('released');
    }
    if (holder === undefined || holder === this.clearedOwner || !abandoned.has(holder)) return false;
    this.clearedOwner = holder;
    return (await attempt(holder)) !== 'unanswered';
  }

  private retryDelayMs(obstacle: Obstacle, attempt: number): number {
    const chance = this.services.random.next();
    const { pollEveryMs } = this.resolved.timing;
    const maxMs = obstacle.kind === 'unavailable' ? Math.min(pollEveryMs, 1000) : pollEveryMs;
    const pollMs = pollDelayMs(attempt, maxMs, chance);
    const freeInMs = obstacle.kind === 'unavailable' ? undefined : obstacle.freeInMs;
    if (freeInMs === undefined || !Number.isFinite(freeInMs)) return pollMs;
    const whenFreeMs = Math.max(0, freeInMs) + 1 + 10 * chance;
    return obstacle.kind === 'held' ? Math.min(pollMs, whenFreeMs) : whenFreeMs;
  }

  private subscribe(): void {
    if (this.subscription !== null || this.isAbandoned()) return;
    this.subscription = new AbortController();
    const { key, slots } = this.wanted;
    const watched = slots === undefined ? key : slotKey(key, 0);
    watchFreed(this.services.gateway.store, watched, () => this.pauses.wake(), this.subscription.signal);
  }
}
