import type { HolderInfo, LeaseAttributes, LeaseData } from './lease-store.js';
import type { Duration } from './duration.js';
import type { NotLeaderError } from './errors.js';

/** What a renewal may change. */
export interface RenewOptions {
  /** Length of this one renewal; only ever lengthens. @default the lease's `ttl` */
  ttl?: Duration;
  /** Replaces the data kept beside the lease; `null` deletes it. */
  data?: LeaseData | null;
  /** Merged into the attributes kept beside the lease. */
  attributes?: LeaseAttributes;
}

/** What a release may change. */
export interface ReleaseOptions {
  /** Replaces the data that the next holder finds; `null` deletes it. */
  data?: LeaseData | null;
}

/**
 * One acquisition of a key: exclusive among all processes, and inside this one.
 *
 * It ends once: released here, or lost. It never becomes valid again; acquire anew for that.
 */
export interface Lease extends AsyncDisposable {
  readonly key: string;
  /** Which slot of a pool it is: its number, or its id. */
  readonly slot?: number | string;
  /** Random id of this acquisition. */
  readonly owner: string;
  /** Grows with every acquisition of the key. Pass it with each access to the protected resource, reads included. */
  readonly fencingToken: number;
  /** Aborts when the lease ends; its reason is a `LockLostError` or a `LockReleasedError`. Reading it consults the clock. */
  readonly signal: AbortSignal;
  /** Whether the lease is held: by the clock, not by the last timer, so that a blocked event loop does not falsify it. */
  readonly isHeld: boolean;
  /** Whether no renewal has succeeded for `expiringAfter`, by the clock. */
  readonly isExpiring: boolean;
  /** How much longer the lease is held if no renewal succeeds, in ms; 0 once it has ended. */
  readonly remainingMs: number;
  /** The data kept beside the lease, as of this acquisition and its own writes. */
  readonly data: LeaseData | undefined;
  /** The attributes kept beside the lease, as of this acquisition and its own writes. */
  readonly attributes: LeaseAttributes;

  /**
   * @throws LockLostError when it was lost
   * @throws LockReleasedError when it was released here
   */
  assertHeld(): void;

  /**
   * Renews now, besides the automatic renewals.
   * @throws LockLostError when it was lost
   * @throws LockReleasedError when it was released here
   * @throws StoreUnavailableError when no answer came; the lease stays held until its time is over
   */
  renew(options?: RenewOptions): Promise<void>;

  /**
   * Ends the lease here at once, then at the store. Resolves when the store has answered, or when the first attempt has
   * failed; then it is repeated in the background until the lease would have ended anyway. Idempotent.
   * @throws OptionsInvalidError when `data` is neither text nor bytes, and then the lease is still held; nothing else
   */
  release(options?: ReleaseOptions): Promise<void>;

  /**
   * Calls back once when no renewal has succeeded for `expiringAfter`.
   * @returns a function that removes the listener
   */
  onExpiring(listener: (remainingMs: number) => void): () => void;
}

/** A lease of one slot of a pool. */
export interface SlotLease<Slot extends number | string = number | string> extends Lease {
  readonly slot: Slot;
}

/**
 * Several keys, acquired together. They stand or fall together: where one is lost, the holders of all are told to stop, by
 * the clock as well, with that loss as the reason; until they are released, the others are renewed.
 *
 * A lease of it that is released by itself leaves the set, which speaks for those that are left.
 */
export interface LeaseSet extends AsyncDisposable {
  /** The keys, each once, in the order in which they are acquired: by code units. */
  readonly keys: readonly string[];
  /** The leases, in that order. The signal of each speaks for all. */
  readonly leases: readonly Lease[];
  /** Aborts when a lease is lost, or all are released; its reason is a `LockLostError` or a `LockReleasedError`. Reading it consults the clock. */
  readonly signal: AbortSignal;
  /** Whether all are held that were not released by themselves, by the clock. */
  readonly isHeld: boolean;
  /** Whether one of them is expiring, by the clock. */
  readonly isExpiring: boolean;
  /** How much longer all of them are held if no renewal succeeds, in ms; 0 once the set has ended. */
  readonly remainingMs: number;

  /** The lease of `key`. @throws OptionsInvalidError when that is not a key of the set */
  of(key: string): Lease;

  /**
   * @throws LockLostError naming the key that was lost
   * @throws LockReleasedError when all were released here
   */
  assertHeld(): void;

  /**
   * Renews all now, besides the automatic renewals. For data, renew the lease of one key.
   * @throws as `Lease.renew`, once there is an answer for each; with several failures, that of the first key
   */
  renew(options?: Omit<RenewOptions, 'data'>): Promise<void>;

  /** Ends all leases here at once, then at the store, as `Lease.release` does. Idempotent; never rejects. */
  release(): Promise<void>;

  /**
   * Calls back once when no renewal of one of the leases has succeeded for `expiringAfter`.
   * @returns a function that removes the listener
   */
  onExpiring(listener: (remainingMs: number) => void): () => void;
}

/**
 * A campaign for a key, shared by the whole process: one `Lock` per key and manager.
 *
 * Once `lock()` or `tryLock()` was called, the key is acquired, and acquired again after a loss, until `release()`,
 * whatever the call answered. For a single try, use `SyncManager.tryAcquire`.
 */
export interface Lock {
  readonly key: string;
  /**
   * Resolves once held; at once if held.
   * @throws LockReleasedError when `release()` is called meanwhile
   * @throws the signal's reason when it aborts; the campaign goes on
   * @throws StoreRejectedError, CorruptLeaseError when waiting cannot help; the campaign goes on
   * @throws ManagerClosedError after the manager was closed
   */
  lock(options?: { signal?: AbortSignal }): Promise<Lease>;
  /**
   * As `lock()`, but rejects with `LockHeldError` as soon as another holder is seen. Waits while nobody can say.
   * The campaign goes on after a rejection.
   */
  tryLock(options?: { signal?: AbortSignal }): Promise<Lease>;
  /** Ends the campaign and releases the key. Idempotent; never rejects. */
  release(): Promise<void>;
  /** Aborted whenever the key is not held; each hold has its own. */
  readonly lost: AbortSignal;
  /** The lease while held. */
  readonly lease: Lease | null;
  readonly isHeld: boolean;
}

/** Who leads, by the leader's own account. */
export interface LeaderInfo {
  readonly fencingToken?: number;
  readonly holder?: HolderInfo;
  /** Whether the leader is this process. */
  readonly isSelf: boolean;
}

/** What became of work that only the leader may do. */
export type LeaderRun<T> =
  { readonly ran: true; readonly value: T } | { readonly ran: false; readonly error: NotLeaderError };

/** The campaign that runs for the life of the application: one replica leads. */
export interface LeadershipLock {
  readonly key: string;
  /** Whether this replica leads, by the clock. */
  readonly isLeader: boolean;
  /** The leadership lease while this replica leads. */
  readonly lease: Lease | null;
  /** Aborted whenever this replica does not lead; each term has its own. */
  readonly lost: AbortSignal;
  /** Who leads, from the store; `null` when nobody does. @throws StoreUnavailableError */
  leader(): Promise<LeaderInfo | null>;
  /**
   * Steps down: aborts the term's signal, waits for leader-only methods and lost-hooks, then releases. Campaigns again
   * after `cooldown`.
   * @param options `cooldown`: default one leadership `ttl`
   */
  resign(options?: { cooldown?: Duration }): Promise<void>;
}

/** A leadership under which work can run, as `@LeaderOnly()` needs it. */
export interface Leadership extends LeadershipLock {
  /**
   * Runs `fn` if this replica leads, with the leadership lease as `currentLease()`. While the first election is undecided
   * it waits for its outcome, at most `waitMs`.
   * @throws what `fn` throws; LockLostError when leadership was lost before it ended
   */
  runAsLeader<T>(options: { waitMs: number }, fn: (lease: Lease) => Promise<T> | T): Promise<LeaderRun<T>>;
}
