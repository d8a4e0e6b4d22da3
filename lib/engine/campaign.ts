import { isDistributedLockError, LockReleasedError, type DistributedLockError } from '../core/errors.js';
import type { ResolvedAcquire } from '../core/options.js';
import type { Obstacle } from './contending.js';
import type { HeldLease } from './held-lease.js';
import { detached } from './lease-context.js';
import type { SlotSource } from './pools/slot-source.js';
import type { LeaseSource } from './wait.js';
import { Wakeup } from './wakeup.js';

/** Pause after an error that waiting cannot cure: somebody may correct the configuration meanwhile. */
const RETRY_AFTER_ERROR_MS = 1000;

/** What a campaign tells, and asks. */
export interface CampaignRules {
  onBlocked(obstacle: Obstacle): void;
  onHeld(lease: HeldLease): void;
  /** Called after each hold. @returns how long to stay away, in ms; `null` ends the campaign */
  onEnded(lease: HeldLease): number | null;
  onError(error: DistributedLockError): void;
}

/** Acquires a key, or any slot of a pool, and again after each loss, until stopped. Every start is a new campaign. */
export class Campaign {
  private readonly controller = new AbortController();
  private readonly pause: Wakeup;
  private readonly done: Promise<void>;
  private unended: HeldLease | null = null;

  constructor(
    private readonly manager: LeaseSource,
    private readonly wanted: string | SlotSource,
    private readonly resolved: ResolvedAcquire,
    private readonly rules: CampaignRules,
  ) {
    this.pause = new Wakeup(manager.clock, { unref: true });
    this.done = detached(() => Promise.resolve().then(() => this.run()));
  }

  /** The lease until it is over: while held, and while its work ends. */
  get current(): HeldLease | null {
    return this.unended;
  }

  /** The lease while held. */
  get lease(): HeldLease | null {
    return this.unended?.isHeld === true ? this.unended : null;
  }

  get isStopped(): boolean {
    return this.controller.signal.aborted;
  }

  /** Acquires no more. A lease that is held is left to the caller. */
  stop(): void {
    const { wanted } = this;
    this.controller.abort(new LockReleasedError(typeof wanted === 'string' ? wanted : wanted.key));
    this.pause.wake();
  }

  /** Stops, releases, and resolves when nothing of the campaign runs any more. Never rejects. */
  async release(): Promise<void> {
    this.stop();
    await this.unended?.release();
    await this.done;
  }

  private async run(): Promise<void> {
    const { signal } = this.controller;
    let awayMs: number | null = 0;
    while (awayMs !== null && !signal.aborted) {
      try {
        const onBlocked = (obstacle: Obstacle): void => this.rules.onBlocked(obstacle);
        const lease = await this.manager.demand(this.wanted, this.resolved, {
          signal,
          onBlocked,
          unref: true,
        });
        awayMs = await this.hold(lease);
      } catch (error) {
        if (signal.aborted) return;
        this.rules.onError(error as DistributedLockError);
        if (isDistributedLockError(error, 'LOCK_MANAGER_CLOSED')) return;
        awayMs = RETRY_AFTER_ERROR_MS;
      }
      if (awayMs !== null && awayMs > 0 && !signal.aborted) await this.pause.pause(awayMs);
    }
  }

  private async hold(lease: HeldLease): Promise<number | null> {
    if (this.controller.signal.aborted) {
      await lease.release();
      return null;
    }
    this.unended = lease;
    this.rules.onHeld(lease);
    await lease.whenOver();
    this.unended = null;
    return this.rules.onEnded(lease);
  }
}
