import { DEFAULT_TTL_MS, MAX_TTL_MS } from './defaults.js';
import { describeValue } from './describe-value.js';
import type { Duration } from './duration.js';
import { formatDuration } from './duration.js';
import { OptionsInvalidError } from './errors.js';
import type { LeaseAttributes, LeaseData, LeaseStore, LeaseWrites } from './lease-store.js';
import type { ReleaseOptions, RenewOptions } from './lease.js';
import { DEFAULT_DRIFT_RATE, MAX_DRIFT_RATE, takeOverAfterMs } from './lease-timing.js';
import { OptionProblems, type StoreLimits } from './option-problems.js';
import { checkSignal, checkWrites } from './write-checks.js';
import { withoutUndefined } from './without-undefined.js';

/** Timing of leases. Set for all of a manager's leases, or for one. */
export interface TimingOptions {
  /** Length of the lease from its acquisition or last renewal: 50 ms to 30 days. @default 15 s */
  ttl?: Duration;
  /** Pause between renewals; at most half of `ttl`. `false`: only `lease.renew()` renews. @default ttl / 3 */
  renewEvery?: Duration | false;
  /**
   * How long `acquire` waits for a key that is held; `false` or 0: not at all; `Infinity`: until aborted.
   * @default ttl + 1 s; on DynamoDB ttl · (1 + driftRate) + 1 s
   */
  wait?: Duration | false;
  /** Upper bound of the random pause between two looks at a held key. @default 1 s */
  pollEvery?: Duration;
  /** Age of the last successful renewal from which a lease is expiring. @default ttl · 2/3 */
  expiringAfter?: Duration;
  /** How long one command may take until it counts as unanswered. @default min(ttl / 5, 2 s) */
  commandTimeout?: Duration;
}

/** Options of one acquisition. */
export interface AcquireOptions extends TimingOptions {
  /** Ends the wait; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Data to keep beside the lease; `null` deletes what is there; by default it is kept and handed over. Not for several keys at
   * once, where `attributes` are merged into those of each.
   */
  data?: LeaseData | null;
  /** How long `data` is kept after its last write; not on DynamoDB, whose rows know no time. @default for ever */
  dataTtl?: Duration;
  /** Attributes to merge into those beside the lease. */
  attributes?: LeaseAttributes;
  /** Only a key that the store knows: one that is held, or of which anything is kept. @default false */
  mustExist?: boolean;
  /**
   * After an early release the key stays unavailable until this long after the acquisition, so that a replica whose clock
   * is behind does not run the same tick of a schedule again. It may exceed `ttl`. @default 0
   */
  holdAtLeast?: Duration;
}

/** Options of the callback forms. */
export interface WithLockOptions extends AcquireOptions {
  /** What to do when this chain of calls already holds the key: fail, or run under the lease that it holds. @default 'throw' */
  ifNested?: 'throw' | 'join';
  /**
   * What to do when the lease was lost before the work ended: reject with `LockLostError`, whose cause is the work's own
   * error if it threw, or let the work's own outcome stand.
   * @default 'throw'
   */
  onLost?: 'throw' | 'ignore';
}

/** Options of a `SyncManager`. */
export interface SyncManagerOptions extends TimingOptions {
  store: LeaseStore;
  /** Name of the service, shown as the holder and part of the leadership key. */
  service?: string;
  /** Where this replica can be reached; shown as the holder. */
  url?: string;
  /** Bound on how far two machines' clocks drift apart, relative to elapsed time: 0 to 0.1. @default 0.01 */
  driftRate?: number;
}

/** Complete timing of one lease, in ms. */
export interface ResolvedTiming {
  readonly ttlMs: number;
  /** `Infinity`: renewed by hand. */
  readonly renewEveryMs: number;
  /** 0: not at all; `Infinity`: until aborted. */
  readonly waitMs: number;
  readonly pollEveryMs: number;
  readonly expiringAfterMs: number;
  readonly commandTimeoutMs: number;
  readonly driftRate: number;
}

/** What one acquisition needs to know, checked and complete. */
export interface ResolvedAcquire {
  readonly timing: ResolvedTiming;
  readonly limits: StoreLimits;
  readonly data?: LeaseData | null;
  readonly dataTtlMs?: number;
  readonly attributes?: LeaseAttributes;
  readonly mustExist?: boolean;
  readonly holdAtLeastMs: number;
}

/** What a manager runs on, checked and complete. */
export interface ResolvedManager {
  readonly store: LeaseStore;
  readonly service?: string;
  readonly url?: string;
  readonly driftRate: number;
  readonly timing: TimingOptions;
  /** Of commands that are about no lease of the manager's own. */
  readonly commandTimeoutMs: number;
}

/** What a manager's acquisitions start from. */
export type AcquireDefaults = Pick<ResolvedManager, 'store' | 'driftRate' | 'timing'>;

const NO_LIMIT: StoreLimits = { name: 'any', expiry: 'server' };

/** What a store must have; the rest is optional. */
export const STORE_METHODS = ['acquire', 'renew', 'release', 'inspect', 'list', 'revoke'] as const;

/**
 * Options of a manager, checked together.
 * @throws OptionsInvalidError naming everything that is wrong
 */
export function resolveManager(options: SyncManagerOptions): ResolvedManager {
  const problems = new OptionProblems();
  const { store, service, url, driftRate: _, ...timing } = options;
  const missing = STORE_METHODS.filter(
    name => typeof (store as Partial<LeaseStore> | undefined)?.[name] !== 'function',
  );
  if (missing.length > 0) {
    problems.add(
      `store (${describeValue(store)}) must be a LeaseStore, it lacks ${missing.join(', ')}; try memoryStore()`,
    );
  }
  for (const [name, value] of Object.entries({ service, url })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      problems.add(
        `${name} (${describeValue(value)}) must be a non-empty string; leave it out or name your service, as in 'orders'`,
      );
    }
  }
  const driftRate = resolveDriftRate(options.driftRate, problems);
  const { commandTimeoutMs } = resolveTiming(timing, driftRate, store ?? NO_LIMIT, problems);
  problems.throwIfAny();
  return Object.freeze({ store, service, url, driftRate, timing, commandTimeoutMs });
}

/** Drift rate of a manager, checked. */
function resolveDriftRate(value: unknown, problems: OptionProblems): number {
  if (value === undefined) return DEFAULT_DRIFT_RATE;
  if (typeof value === 'number' && value >= 0 && value <= MAX_DRIFT_RATE) return value;
  problems.add(
    `driftRate (${describeValue(value)}) must be a number from 0 to ${MAX_DRIFT_RATE}; try 0.01 (1 %)`,
  );
  return DEFAULT_DRIFT_RATE;
}

/** Timing as written, over the manager's own, to timing in ms; what is wrong goes to `problems`. */
function resolveTiming(
  options: TimingOptions,
  driftRate: number,
  limits: StoreLimits,
  problems: OptionProblems,
): ResolvedTiming {
  const ttlMs = problems.ttl('ttl', options.ttl, DEFAULT_TTL_MS, limits);
  const renewEveryMs =
    options.renewEvery === false
      ? Infinity
      : problems.duration('renewEvery', options.renewEvery, ttlMs / 3, 1, Infinity);
  if (renewEveryMs !== Infinity && renewEveryMs * 2 > ttlMs) {
    problems.add(
      `renewEvery (${renewEveryMs} ms) must be at most half of ttl (${ttlMs} ms), so that one renewal may fail; try '${formatDuration(Math.floor(ttlMs / 3))}'`,
    );
  }
  const deadAfterMs = limits.expiry === 'observed' ? takeOverAfterMs(ttlMs, driftRate) : ttlMs;
  const waitMs =
    options.wait === false ? 0 : problems.duration('wait', options.wait, deadAfterMs + 1000, 0, Infinity);
  const expiringAfterMs = problems.duration(
    'expiringAfter',
    options.expiringAfter,
    (ttlMs * 2) / 3,
    1,
    Infinity,
  );
  if (options.expiringAfter !== undefined && expiringAfterMs >= ttlMs) {
    problems.add(
      `expiringAfter (${expiringAfterMs} ms) must be below ttl (${ttlMs} ms); try '${formatDuration(Math.floor((ttlMs * 2) / 3))}'`,
    );
  }
  const commandTimeoutMs = problems.duration(
    'commandTimeout',
    options.commandTimeout,
    Math.min(ttlMs / 5, 2000),
    1,
    Infinity,
  );
  if (options.commandTimeout !== undefined && commandTimeoutMs >= ttlMs) {
    problems.add(
      `commandTimeout (${commandTimeoutMs} ms) must be below ttl (${ttlMs} ms); try '${formatDuration(Math.floor(ttlMs / 5))}'`,
    );
  }
  return Object.freeze({
    ttlMs,
    renewEveryMs,
    waitMs,
    pollEveryMs: problems.duration('pollEvery', options.pollEvery, 1000, 1, Infinity),
    expiringAfterMs,
    commandTimeoutMs,
    driftRate,
  });
}

/**
 * Options of one acquisition over those of the manager.
 * @throws OptionsInvalidError naming everything that is wrong
 */
export function resolveAcquire(
  options: AcquireOptions,
  { timing: defaults, driftRate, store }: AcquireDefaults,
): ResolvedAcquire {
  const problems = new OptionProblems();
  // The manager's ttl was checked with the manager, and is not to be named for each that inherits it.
  const limits = options.ttl === undefined ? { name: store.name, expiry: store.expiry } : store;
  const timing = resolveTiming(overlay(options, defaults), driftRate, limits, problems);
  const holdAtLeastMs = problems.duration('holdAtLeast', options.holdAtLeast, 0, 0, MAX_TTL_MS);
  const dataTtlMs =
    options.dataTtl === undefined ? undefined : problems.duration('dataTtl', options.dataTtl, 1, 1, Infinity);
  if (dataTtlMs !== undefined && store.expiry === 'observed') {
    problems.add(
      `dataTtl (${describeValue(options.dataTtl)}) needs a store with a clock of its own, which ${store.name} is not; leave it out, and delete data by data: null`,
    );
  }
  const { mustExist } = options;
  problems.flag('mustExist', mustExist);
  checkWrites(options, problems, store);
  checkSignal(options.signal, problems);
  problems.throwIfAny();
  const { data, attributes } = options;
  return { timing, limits: store, data, dataTtlMs, attributes, mustExist, holdAtLeastMs };
}

/** @throws OptionsInvalidError naming what is wrong with the options that only the callback forms have */
export function checkWithLock({ ifNested, onLost }: WithLockOptions): void {
  const problems = new OptionProblems();
  problems.choice('ifNested', ifNested, ['throw', 'join']);
  problems.choice('onLost', onLost, ['throw', 'ignore']);
  problems.throwIfAny();
}

/** @throws OptionsInvalidError for `data` with several keys: it belongs to one of them */
export function checkOneData(
  keys: readonly string[],
  { data }: Pick<LeaseWrites, 'data' | 'attributes'>,
): void {
  if (data === undefined || keys.length === 1) return;
  throw new OptionsInvalidError([
    `data (${describeValue(data)}) cannot be that of ${keys.length} keys; write it by of(key).renew({ data }), once they are held`,
  ]);
}

/**
 * Options of one renewal of a lease that was acquired with `acquired`. It only ever lengthens.
 * @throws OptionsInvalidError naming everything that is wrong
 */
export function resolveRenew(
  options: RenewOptions,
  acquired: ResolvedAcquire,
): { ttlMs: number; writes: LeaseWrites } {
  const problems = new OptionProblems();
  const { ttlMs } = acquired.timing;
  const requestedMs = problems.ttl('ttl', options.ttl, ttlMs, acquired.limits, 1);
  checkWrites(options, problems, acquired.limits);
  problems.throwIfAny();
  const { data, attributes } = options;
  return {
    ttlMs: Math.max(requestedMs, ttlMs),
    writes: {
      ...(data !== undefined && { data, dataTtlMs: acquired.dataTtlMs }),
      ...(attributes !== undefined && { attributes }),
    },
  };
}

/** @throws OptionsInvalidError naming what is wrong */
export function checkRelease(options: ReleaseOptions): void {
  const problems = new OptionProblems();
  checkWrites(options, problems, NO_LIMIT);
  problems.throwIfAny();
}

/** A lease with a `ttl` of its own derives anew what the manager's options derive from, or size for, the manager's `ttl`. */
function overlay(own: TimingOptions, defaults: TimingOptions): TimingOptions {
  const { wait, pollEvery, renewEvery } = defaults;
  const inherited =
    own.ttl === undefined ? defaults : { wait, pollEvery, ...(renewEvery === false && { renewEvery }) };
  return { ...inherited, ...withoutUndefined(own) };
}
