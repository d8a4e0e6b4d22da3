import { getEventListeners } from 'node:events';
import { isDistributedLockError } from '../../lib/core/errors.js';
import type { Lease } from '../../lib/core/lease.js';
import { poolKey } from '../../lib/core/slot-keys.js';
import { setOf } from './key-sets.js';
import type { HeldMark } from './oracle.js';
import type { Replica, World } from './replica.js';

/** Why a caller aborts; the only thing that may be rejected with besides an error with a stable code. */
export const LEFT = new Error('the caller has left');

/** What a store that is in trouble may answer. */
export const STORE_ERRORS = ['LOCK_STORE_UNAVAILABLE', 'LOCK_STORE_REJECTED'];

/** What the server said of each slot of a pool at some time. */
export type SlotMarks = ReadonlyMap<string, HeldMark>;

/** Judges what one process's application is answered. */
export class Expectations {
  constructor(
    private readonly replica: Replica,
    private readonly world: World,
  ) {}

  /** Any rejection that has none of these codes breaks a contract. */
  outcome(promise: Promise<unknown>, ...codes: string[]): void {
    promise.catch((error: unknown) => {
      if (error === LEFT) return;
      if (isDistributedLockError(error) && [...codes, 'LOCK_MANAGER_CLOSED'].includes(error.code)) return;
      this.world.oracle.violated('errors are those of the contract', `${this.name}: ${String(error)}`);
    });
  }

  /** Rejects only when the manager is closed. */
  success(promise: Promise<unknown>): void {
    this.outcome(promise);
  }

  renewal(lease: Lease, renewal: Promise<unknown>): void {
    this.outcome(renewal, 'LOCK_LOST', 'LOCK_RELEASED', ...STORE_ERRORS);
    renewal.catch((error: unknown) => {
      if (isDistributedLockError(error, 'LOCK_LOST') && lease.isHeld)
        this.world.oracle.violated('lost means lost', `${this.name}: ${lease.owner} is held`);
    });
  }

  /** The store is not called unavailable while nothing is wrong. @returns the same promise */
  available<T>(promise: Promise<T>): Promise<T> {
    const startedMs = this.world.time.monotonicMs();
    promise.catch((error: unknown) => {
      if (isDistributedLockError(error, 'LOCK_STORE_UNAVAILABLE') && this.quietSince(startedMs))
        this.world.oracle.violated(
          'the store is unavailable only when it is',
          `${this.name}: ${error.message}`,
        );
    });
    return promise;
  }

  /** @returns what {@link held} needs to know; `null` where others here wait already, who come first in any case */
  mark(key: string): HeldMark | null {
    return this.replica.isAwaited(key) ? null : this.world.oracle.mark(key);
  }

  /** A key of which this was said has been held since. */
  held(key: string, mark: HeldMark | null, answer: string): void {
    const { oracle } = this.world;
    if (mark !== null && !oracle.wasHeldSince(key, mark))
      oracle.violated('held means held', `${this.name} was told ${answer} of ${key}, which nobody held`);
  }

  /** Who has waited in vain has not missed a key that was free for long enough to find out. */
  noneFree(key: string, mark: HeldMark | null, startedMs: number, polls = 1): void {
    const { oracle, plan, time } = this.world;
    const freeMs = Math.min(oracle.freeForMs(key), time.monotonicMs() - startedMs);
    const enoughMs = polls * plan.pollEveryMs + plan.ttlMs + 1000;
    if (mark !== null && freeMs > enoughMs && this.quietSince(startedMs))
      oracle.violated('everybody is served', `${this.name}: ${key} was free for ${freeMs.toFixed(0)} ms`);
  }

  /** As {@link mark}, of each slot of a pool. */
  markAll(pool: string, slotKeys: readonly string[]): SlotMarks | null {
    const { oracle } = this.world;
    if (this.replica.isAwaited(poolKey(pool))) return null;
    return new Map(slotKeys.map(key => [key, oracle.mark(key)]));
  }

  /**
   * Who was told that no slot is free has been told so of each: a store that finds slots has seen them all held at once; where they
   * are looked at one by one, each has been held at some time since, though perhaps never all together.
   */
  allHeld(marks: SlotMarks | null, answer: string): void {
    for (const [key, mark] of marks ?? []) this.held(key, mark, answer);
  }

  /** As {@link noneFree}, of a pool; its slots are looked at again in turn. */
  noSlotFree(marks: SlotMarks | null, startedMs: number): void {
    for (const [key, mark] of marks ?? []) this.noneFree(key, mark, startedMs, 2);
  }

  /** Nobody here believes any more in a lease that was acquired for the set. */
  noneOf(set: string): void {
    const { oracle } = this.world;
    for (const { lease } of oracle.claimsOf(this.replica)) {
      if (setOf(lease) === set)
        oracle.violated('a set is all or none', `${this.name}: ${lease.key} of set ${set}, which is over`);
    }
  }

  noListener(signal: AbortSignal): void {
    if (getEventListeners(signal, 'abort').length > 0)
      this.world.oracle.violated('nothing is left behind', `${this.name}: a listener of a wait that is over`);
  }

  quietSince(startedMs: number): boolean {
    const sinceMs = this.world.time.monotonicMs() - startedMs;
    // Who asks in vain pauses for a second at most.
    return this.replica.quietForMs > sinceMs + this.replica.recoversInMs + 1000;
  }

  private get name(): string {
    return this.replica.name;
  }
}
