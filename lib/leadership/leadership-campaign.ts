import { DEFAULT_LEADERSHIP_TTL_MS } from '../core/defaults.js';
import { describeValue } from '../core/describe-value.js';
import { parseDuration, type Duration } from '../core/duration.js';
import {
  LockReleasedError,
  NotLeaderError,
  OptionsInvalidError,
  SelfDeadlockError,
  type DistributedLockError,
} from '../core/errors.js';
import type { HolderInfo } from '../core/lease-store.js';
import type { LeaderInfo, LeaderRun, Leadership, Lease } from '../core/lease.js';
import type { ResolvedAcquire } from '../core/options.js';
import { Campaign } from '../engine/campaign.js';
import type { Obstacle } from '../engine/contending.js';
import type { HeldLease } from '../engine/held-lease.js';
import { isUnder } from '../engine/lease-context.js';
import { runToEnd } from '../engine/locked-work.js';
import type { SyncManager } from '../engine/sync-manager.js';
import { TermHooks } from '../engine/term-hooks.js';
import { within } from '../engine/within.js';
import { WorkTracker } from '../engine/work-tracker.js';

/** Called at the beginning and the end of a term as leader. */
export interface LeadershipHooks {
  /** This replica leads. A rejection makes it resign. `lease.signal` aborts when the term ends. */
  onAcquired(lease: Lease): Promise<void> | void;
  /** The term is over, for whatever reason. */
  onLost(): Promise<void> | void;
}

/** Options of an application's leadership. */
export interface LeadershipCampaignOptions {
  /** The replicas of one service elect one leader. Needed unless `key` is given. */
  service?: string;
  /** @default `service/<service>/leadership` */
  key?: string;
  /** @default 10 s */
  ttl?: Duration;
  /** `false`: this replica is never elected; it only asks who leads. @default true */
  campaign?: boolean;
  /** Called at the beginning and the end of each term. */
  hooks?: LeadershipHooks;
}

/**
 * Leader-only work that began this recently is not handed over at once: on a replica whose clock is behind, the same tick
 * of a schedule may still be to come.
 */
const SAME_TICK_MS = 1000;

/** What a leadership tells, besides the lease events of its manager. */
export interface LeadershipEvents {
  onHookError(hook: 'acquired' | 'lost', error: unknown): void;
  onCampaignError(error: DistributedLockError): void;
}

/** The application's campaign for leadership, its hooks, and the work that only the leader does. */
export class LeadershipCampaign implements Leadership {
  readonly key: string;
  private readonly resolved: ResolvedAcquire;
  private readonly hooks: TermHooks;
  private readonly work = new WorkTracker();
  /** Who waits for the outcome of the first election; `null` once it has one: this replica leads, or another was seen to. */
  private undecided: Set<() => void> | null = new Set();
  private readonly isCandidate: boolean;
  private campaign: Campaign | null = null;
  private hasEnded = false;
  private holder: HolderInfo | undefined;
  private cooldownMs = 0;
  private workStartedAt = -Infinity;
  private resigning: Promise<void> | null = null;
  private readonly notLeading: AbortSignal;

  constructor(
    private readonly manager: SyncManager,
    options: LeadershipCampaignOptions,
    private readonly events: Partial<LeadershipEvents> = {},
  ) {
    this.key = options.key ?? defaultKey(options.service);
    const ttl = options.ttl ?? DEFAULT_LEADERSHIP_TTL_MS;
    // Renewed by itself also where the manager's leases are renewed by hand: nobody else would.
    const renewEvery = (parseDuration(ttl) ?? Infinity) / 3;
    this.resolved = manager.resolve(this.key, { ttl, renewEvery, wait: Infinity });
    this.hooks = new TermHooks(manager, options.hooks, (...failure) => this.onHookError(...failure));
    this.isCandidate = options.campaign ?? true;
    if (!this.isCandidate) this.decide();
    this.notLeading = AbortSignal.abort(new LockReleasedError(this.key));
  }

  get lease(): Lease | null {
    return this.campaign?.lease ?? null;
  }

  get isLeader(): boolean {
    return this.lease !== null;
  }

  get lost(): AbortSignal {
    return this.lease?.signal ?? this.notLeading;
  }

  /** Starts to campaign; does nothing when it has started or ended, or is no candidate. */
  start(): void {
    if (!this.isCandidate || this.hasEnded) return;
    this.campaign ??= new Campaign(this.manager, this.key, this.resolved, {
      onBlocked: obstacle => this.onBlocked(obstacle),
      onHeld: lease => this.onHeld(lease),
      onEnded: lease => this.onEnded(lease),
      onError: error => this.tell(() => this.events.onCampaignError?.(error)),
    });
  }

  async leader(): Promise<LeaderInfo | null> {
    const record = await this.manager.inspect(this.key);
    // A key that is only kept unavailable after a release has no owner: nobody leads.
    if (record?.owner === undefined) return null;
    const isSelf = record.owner === this.lease?.owner;
    return { fencingToken: record.fencingToken, holder: record.holder, isSelf };
  }

  /**
   * Runs `fn` if this replica leads, with the leadership lease as `currentLease()`. While the first election is undecided
   * it waits for its outcome, at most `waitMs`.
   * @throws what `fn` throws; LockLostError when leadership was lost before it ended
   */
  async runAsLeader<T>(
    options: { waitMs: number },
    fn: (lease: Lease) => Promise<T> | T,
  ): Promise<LeaderRun<T>> {
    if (this.lease === null && options.waitMs > 0) await this.firstElection(options.waitMs);
    const lease = this.campaign?.lease ?? null;
    if (lease === null) return { ran: false, error: new NotLeaderError(this.key, this.holder) };
    this.workStartedAt = this.manager.clock.monotonicMs();
    const value = await this.work.track(() => runToEnd(this.manager, lease, 'throw', fn));
    return { ran: true, value };
  }

  /**
   * @param options `cooldown`: how long this replica stays away; default one leadership `ttl`
   * @throws SelfDeadlockError from within leader-only work, for which it would wait; use `detached` there
   */
  async resign(options: { cooldown?: Duration } = {}): Promise<void> {
    const { ttlMs } = this.resolved.timing;
    const cooldownMs = options.cooldown === undefined ? ttlMs : parseDuration(options.cooldown);
    if (cooldownMs === undefined) {
      throw new OptionsInvalidError([
        `cooldown (${describeValue(options.cooldown)}) must be a duration; try '30s'`,
      ]);
    }
    const current = this.campaign?.current ?? null;
    if (current !== null && isUnder(current)) throw new SelfDeadlockError(this.key);
    const lease = this.campaign?.lease ?? null;
    if (lease !== null) {
      this.cooldownMs = cooldownMs;
      const resigning = this.stepDown(lease, Infinity).finally(() => {
        // A term that was lost while it ended may have been followed by another, which resigns, too.
        if (this.resigning === resigning) this.resigning = null;
      });
      this.resigning = resigning;
    }
    await this.resigning;
  }

  /** This replica is not elected any more; a term that runs goes on until {@link stop}. */
  endCampaign(): void {
    this.hasEnded = true;
    this.campaign?.stop();
    this.decide();
  }

  /**
   * Ends the campaign: this replica is not elected any more. A leader lets leader-only work end, and runs its hooks, at
   * most `timeoutMs` in all; then the key is released. Work that has not ended by then is told by its signal, and the key
   * is kept from others until its TTL is over. Never rejects.
   */
  async stop({ timeoutMs }: { timeoutMs: number }): Promise<void> {
    const { campaign } = this;
    if (campaign === null) return;
    const { clock } = this.manager;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    this.endCampaign();
    await within(this.manager.clock, timeoutMs, this.work.drained());
    const leftMs = Math.max(0, deadlineMs - clock.monotonicMs());
    // The lease of a resignation that is under way is still to be given up.
    if (campaign.current !== null) await this.stepDown(campaign.current, leftMs);
    else await within(this.manager.clock, leftMs, this.hooks.settled());
  }

  /** Resolves once the first election has an outcome, or after `waitMs`; who has waited in vain leaves nothing behind. */
  private async firstElection(waitMs: number): Promise<void> {
    const { undecided } = this;
    if (undecided === null) return;
    let decided!: () => void;
    const outcome = new Promise<void>(resolve => (decided = resolve));
    undecided.add(decided);
    await within(this.manager.clock, waitMs, outcome);
    undecided.delete(decided);
  }

  private decide(): void {
    const waiting = this.undecided ?? [];
    this.undecided = null;
    for (const decided of waiting) decided();
  }

  private async stepDown(lease: HeldLease, timeoutMs: number): Promise<void> {
    lease.beginRelease();
    this.hooks.lost(lease);
    const ended = Promise.all([this.work.drained(), this.hooks.settled()]);
    if (!(await within(this.manager.clock, timeoutMs, ended))) return lease.abandon();
    const isSameTick = this.manager.clock.monotonicMs() - this.workStartedAt < SAME_TICK_MS;
    await lease.releaseKeeping(isSameTick ? this.resolved.timing.ttlMs : 0);
  }

  private onBlocked(obstacle: Obstacle): void {
    if (obstacle.kind !== 'held') return;
    this.holder = obstacle.holder;
    this.decide();
  }

  private onHeld(lease: HeldLease): void {
    this.holder = undefined;
    this.hooks.acquired(lease);
    this.decide();
  }

  /** @returns how long this replica stays away */
  private onEnded(lease: HeldLease): number {
    this.hooks.lost(lease);
    const awayMs = this.cooldownMs;
    this.cooldownMs = 0;
    return awayMs;
  }

  private onHookError(hook: 'acquired' | 'lost', error: unknown, lease: Lease): void {
    // A hook that failed because its term was lost says nothing against the term that has begun since.
    if (hook === 'acquired' && this.lease === lease) void this.resign();
    this.tell(() => this.events.onHookError?.(hook, error));
  }

  /** A listener that throws disturbs nobody. */
  private tell(listener: () => void): void {
    try {
      listener();
    } catch {
      // It is the last who could be told.
    }
  }
}

function defaultKey(service: string | undefined): string {
  if (service !== undefined) return `service/${service}/leadership`;
  throw new OptionsInvalidError([
    `service (undefined) must be set where leadership is used, since replicas of one service elect one leader; try service: 'orders', or leadership: false`,
  ]);
}
