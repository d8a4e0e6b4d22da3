import type { HolderInfo } from './lease-store.js';

/** Stable codes; test these rather than classes, since an application can load this package in two formats. */
export type LockErrorCode =
  | 'LOCK_TIMEOUT'
  | 'LOCK_HELD'
  | 'LOCK_LOST'
  | 'LOCK_RELEASED'
  | 'LOCK_STORE_UNAVAILABLE'
  | 'LOCK_STORE_REJECTED'
  | 'LOCK_CORRUPT_LEASE'
  | 'LOCK_KEY_ABSENT'
  | 'LOCK_MANAGER_CLOSED'
  | 'LOCK_MANAGER_MISSING'
  | 'LOCK_NOT_LEADER'
  | 'LOCK_SELF_DEADLOCK'
  | 'LOCK_UNSUPPORTED_RESULT'
  | 'LOCK_OPTIONS_INVALID';

/** Base of all errors of this library. Its message reads: code, fact, value, remedy. */
export class DistributedLockError extends Error {
  constructor(
    readonly code: LockErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(`${code}: ${message}`, options);
    this.name = new.target.name;
  }
}

/** Whether `error` comes from this library, in whichever module format, optionally with the given code. */
export function isDistributedLockError(error: unknown, code?: LockErrorCode): error is DistributedLockError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('LOCK_') &&
    (code === undefined || error.code === code)
  );
}

/** A holder in words: who, where, since when. */
export function describeHolder(holder: HolderInfo | undefined): string {
  if (holder === undefined) return 'another holder';
  const service = holder.service === undefined ? '' : `${holder.service} on `;
  const url = holder.url === undefined ? '' : ` (${holder.url})`;
  return `${service}${holder.host}, pid ${holder.pid}${url}, since ${holder.since}`;
}

/** The key stayed with others for as long as the caller was ready to wait. */
export class LockTimeoutError extends DistributedLockError {
  constructor(
    readonly key: string,
    readonly waitedMs: number,
    readonly holder?: HolderInfo,
  ) {
    super(
      'LOCK_TIMEOUT',
      `key '${key}' was not granted within ${Math.round(waitedMs)} ms; held by ${describeHolder(holder)}. ` +
        `Wait longer (wait), or treat it as busy.`,
    );
  }
}

/** The key is held by another, and the caller did not want to wait. */
export class LockHeldError extends DistributedLockError {
  constructor(
    readonly key: string,
    readonly holder?: HolderInfo,
  ) {
    super('LOCK_HELD', `key '${key}' is held by ${describeHolder(holder)}. Try again later, or wait for it.`);
  }
}

/**
 * Why a lease was lost: no renewal was confirmed in time; the store refused a renewal; the wall clock ran ahead of the
 * monotonic one (suspend or step); the manager closed while its work still ran.
 */
export type LossCause = 'expired' | 'refused' | 'clock-jump' | 'closed';

/** The lease is not held any more although nobody here released it. */
export class LockLostError extends DistributedLockError {
  constructor(
    readonly key: string,
    readonly lossCause: LossCause,
    options?: { cause?: unknown },
  ) {
    super(
      'LOCK_LOST',
      `the lease of key '${key}' was lost (${lossCause}). Stop the work, or let its resource reject it by fencing token.`,
      options,
    );
  }
}

/** The lease or lock was released here while somebody asked for it. */
export class LockReleasedError extends DistributedLockError {
  constructor(readonly key: string) {
    super('LOCK_RELEASED', `key '${key}' was released here. Acquire it again before you use it.`);
  }
}

/** No answer from the store. */
export class StoreUnavailableError extends DistributedLockError {
  /** `true`: the command may have been applied. `false`: it never left. */
  readonly sent: boolean;
  constructor(message: string, options: { sent: boolean; cause?: unknown }) {
    super('LOCK_STORE_UNAVAILABLE', message, options);
    this.sent = options.sent;
  }
}

/** The store answered with a refusal, such as missing rights, a missing table, no memory, or throttling. */
export class StoreRejectedError extends DistributedLockError {
  /** Whether the same request can succeed later without anybody changing configuration. */
  readonly retryable: boolean;
  constructor(message: string, options: { retryable: boolean; cause?: unknown }) {
    super('LOCK_STORE_REJECTED', message, options);
    this.retryable = options.retryable;
  }
}

/** What the store keeps under the key was not written by this library, or is damaged. */
export class CorruptLeaseError extends DistributedLockError {
  constructor(
    readonly key: string,
    fact: string,
    options?: { cause?: unknown },
  ) {
    super(
      'LOCK_CORRUPT_LEASE',
      `the record of key '${key}' cannot be read: ${fact}. Inspect it, then delete it.`,
      options,
    );
  }
}

/** `mustExist` was asked for, and the store does not know the key. */
export class KeyAbsentError extends DistributedLockError {
  constructor(readonly key: string) {
    super(
      'LOCK_KEY_ABSENT',
      `key '${key}' is not known to the store: it is free, and nothing is kept beside it. Create it by an acquire with data, or leave out mustExist.`,
    );
  }
}

/** The manager was closed, as it is when its application shuts down. */
export class ManagerClosedError extends DistributedLockError {
  constructor() {
    super(
      'LOCK_MANAGER_CLOSED',
      'the SyncManager is closed. Nothing can be acquired any more; finish this work before the application shuts down.',
    );
  }
}

/** No `SyncManager` was found for a decorated method. */
export class ManagerMissingError extends DistributedLockError {
  constructor(method: string, remedy: string) {
    super('LOCK_MANAGER_MISSING', `no SyncManager was found for ${method}, so it was not run. ${remedy}`);
  }
}

/** This replica does not lead, and the method may only run on the leader. */
export class NotLeaderError extends DistributedLockError {
  constructor(
    readonly key: string,
    readonly holder?: HolderInfo,
  ) {
    super(
      'LOCK_NOT_LEADER',
      `this replica does not lead '${key}'; ${holder === undefined ? 'the leader is not known' : `the leader is ${describeHolder(holder)}`}. Call the leader, or use otherwise: 'skip'.`,
    );
  }
}

/** Waiting would never end: the key is already held by the same chain of calls. */
export class SelfDeadlockError extends DistributedLockError {
  constructor(readonly key: string) {
    super(
      'LOCK_SELF_DEADLOCK',
      `key '${key}' is already held by this chain of calls, so waiting for it would never end. ` +
        `Use ifNested: 'join' to run under the outer lease, or detached() to start independent work.`,
    );
  }
}

/** The method returned something that runs after the method has ended, hence after the release. */
export class UnsupportedResultError extends DistributedLockError {
  constructor(method: string, kind: string) {
    super(
      'LOCK_UNSUPPORTED_RESULT',
      `${method} returned ${kind}, which would run after the lock is released. Collect it inside the method and return a promise of the values.`,
    );
  }
}

/** One or more options are wrong; the message names each with its value and a remedy. */
export class OptionsInvalidError extends DistributedLockError {
  constructor(readonly problems: readonly string[]) {
    super('LOCK_OPTIONS_INVALID', problems.length === 1 ? problems[0]! : `\n- ${problems.join('\n- ')}`);
    // The message says it all; printed errors would repeat it.
    Object.defineProperty(this, 'problems', { enumerable: false });
  }
}

/** Whether a key stayed with others for as long as the caller would wait: an answer, where callers ask for one. */
export function staysWithOthers(error: unknown): error is LockHeldError | LockTimeoutError {
  return error instanceof LockHeldError || error instanceof LockTimeoutError;
}
