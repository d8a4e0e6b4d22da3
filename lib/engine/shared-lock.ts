import {
  LockHeldError,
  LockReleasedError,
  ManagerClosedError,
  type DistributedLockError,
} from '../core/errors.js';
import type { Lease, Lock } from '../core/lease.js';
import type { ResolvedAcquire } from '../core/options.js';
import { Campaign } from './campaign.js';
import type { Obstacle } from './contending.js';
import type { LockRegistry } from './lock-registry.js';
import type { LeaseSource } from './wait.js';

interface LockWaiter {
  readonly isTry: boolean;
  resolve(lease: Lease): void;
  reject(error: unknown): void;
}

/** What a lock needs from its manager. */
export interface LockManager extends LeaseSource {
  readonly isClosing: boolean;
}

/**
 * A campaign for a key that the whole process shares. Released locks are forgotten by the manager; one that is used again
 * joins whatever lock stands for the key by then.
 */
export class SharedLock implements Lock {
  private campaign: Campaign | null = null;
  private obstacle: Obstacle | null = null;
  private readonly waiters = new Set<LockWaiter>();
  private readonly notHeld: AbortSignal;

  constructor(
    readonly key: string,
    private readonly resolved: ResolvedAcquire,
    private readonly manager: LockManager,
    private readonly registry: LockRegistry,
  ) {
    this.notHeld = AbortSignal.abort(new LockReleasedError(key));
  }

  get lease(): Lease | null {
    return this.standing.campaign?.lease ?? null;
  }

  get isHeld(): boolean {
    return this.lease !== null;
  }

  get lost(): AbortSignal {
    return this.lease?.signal ?? this.notHeld;
  }

  lock(options: { signal?: AbortSignal } = {}): Promise<Lease> {
    return this.enter(options.signal, false);
  }

  tryLock(options: { signal?: AbortSignal } = {}): Promise<Lease> {
    return this.enter(options.signal, true);
  }

  /** Acquires no more; a lease that is held is kept until it is released or lost. */
  stop(): void {
    if (this.isHeld) this.campaign?.stop();
    else void this.release();
  }

  async release(): Promise<void> {
    const lock = this.standing;
    const { campaign } = lock;
    lock.forget();
    if (campaign === null) return;
    const reason = this.manager.isClosing ? new ManagerClosedError() : new LockReleasedError(this.key);
    for (const waiter of lock.waiters) waiter.reject(reason);
    lock.waiters.clear();
    await campaign.release();
  }

  private get standing(): SharedLock {
    return this.registry.find(this.key) ?? this;
  }

  private async enter(signal: AbortSignal | undefined, isTry: boolean): Promise<Lease> {
    if (this.manager.isClosing) throw new ManagerClosedError();
    return this.registry.claim(this).join(signal, isTry);
  }

  private async join(signal: AbortSignal | undefined, isTry: boolean): Promise<Lease> {
    signal?.throwIfAborted();
    const campaign = (this.campaign ??= this.begin());
    const { lease } = campaign;
    if (lease !== null) return lease;
    // Reading it may have ended the lease, and a listener may have released this lock, or aborted this wait.
    if (this.campaign !== campaign) return this.enter(signal, isTry);
    signal?.throwIfAborted();
    if (isTry && this.obstacle?.kind === 'held') throw new LockHeldError(this.key, this.obstacle.holder);
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.waiters.delete(waiter);
        signal?.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => waiter.reject(signal!.reason);
      const waiter: LockWaiter = {
        isTry,
        resolve: held => (settle(), resolve(held)),
        reject: error => (settle(), reject(error)),
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiters.add(waiter);
    });
  }

  private begin(): Campaign {
    const campaign: Campaign = new Campaign(this.manager, this.key, this.resolved, {
      onBlocked: obstacle => this.campaign === campaign && this.blocked(obstacle),
      onHeld: lease => {
        this.obstacle = null;
        for (const waiter of [...this.waiters]) waiter.resolve(lease);
      },
      onEnded: lease => {
        if (this.campaign !== campaign) return null;
        if (campaign.isStopped) {
          void this.release();
          return null;
        }
        // Who has asked since the lease was released by itself wants a hold of its own.
        if (lease.loss !== undefined || this.waiters.size > 0) return 0;
        this.forget();
        return null;
      },
      onError: error => this.failWaiters(error, false),
    });
    return campaign;
  }

  private blocked(obstacle: Obstacle): void {
    this.obstacle = obstacle;
    if (obstacle.kind === 'held') this.failWaiters(new LockHeldError(this.key, obstacle.holder), true);
  }

  private failWaiters(error: DistributedLockError, onlyTries: boolean): void {
    for (const waiter of [...this.waiters]) if (waiter.isTry || !onlyTries) waiter.reject(error);
  }

  private forget(): void {
    this.campaign = null;
    this.obstacle = null;
    this.registry.drop(this);
  }
}
