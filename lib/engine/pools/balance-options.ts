import { describeValue } from '../../core/describe-value.js';
import type { Duration } from '../../core/duration.js';
import { OptionProblems } from '../../core/option-problems.js';
import type { SlotLease } from '../../core/lease.js';
import type { AcquireOptions, TimingOptions } from '../../core/options.js';
import type { SyncManager } from '../sync-manager.js';

/** How a replica takes part in a pool that is balanced. The same `ttl` in all of them. */
export interface BalanceOptions<Slot extends number | string = number | string> extends Omit<
  TimingOptions,
  'wait'
> {
  /**
   * This replica has a slot. It may start the slot's work, or do it for as long as `lease.signal` allows. Where it fails, the slot
   * is given back, and this replica takes none for one `ttl`.
   */
  onSlotAcquired?(lease: SlotLease<Slot>): Promise<void> | void;
  /**
   * The slot's work has to end: `lease.signal` has aborted. A slot that is handed over is released when this and
   * `onSlotAcquired` have ended, not before; one whose lease was lost may be another's already.
   */
  onSlotLost?(lease: SlotLease<Slot>): Promise<void> | void;
  /** Longest pause between two looks at who takes part. @default ttl / 6, at most 1 s */
  checkEvery?: Duration;
}

/** Options of a balance, checked. */
export interface ResolvedBalance {
  readonly checkEveryMs: number;
  /** Of slots and memberships alike; waits for as long as it takes. */
  readonly timing: AcquireOptions;
  readonly ttlMs: number;
}

const OPTION_NAMES = [
  'onSlotAcquired',
  'onSlotLost',
  'checkEvery',
  'ttl',
  'renewEvery',
  'pollEvery',
  'expiringAfter',
  'commandTimeout',
];

/** @throws OptionsInvalidError naming what is wrong */
export function resolveBalance(manager: SyncManager, key: string, options: BalanceOptions): ResolvedBalance {
  const { checkEvery, onSlotAcquired, onSlotLost, ...rest } = options as Record<string, unknown>;
  const written = rest as TimingOptions;
  const problems = new OptionProblems();
  problems.names(options, OPTION_NAMES);
  for (const [name, hook] of Object.entries({ onSlotAcquired, onSlotLost })) {
    if (hook !== undefined && typeof hook !== 'function')
      problems.add(`${name} (${describeValue(hook)}) must be a function of the slot's lease`);
  }
  problems.throwIfAny();
  const { ttlMs } = manager.resolve(key, written).timing;
  const defaultMs = Math.min(ttlMs / 6, 1000);
  const checkEveryMs = problems.duration('checkEvery', checkEvery, defaultMs, 1, ttlMs);
  problems.throwIfAny();
  // Renewed by itself also where the manager's leases are renewed by hand: nobody else would.
  const renewEvery = ttlMs / 3;
  // Whoever waits for a slot that is handed over must not let it lie for longer than a renewal takes. Where no hint comes, a slot
  // is looked at again after up to two pauses, and then slots are taken one after the other.
  const timing = { renewEvery, pollEvery: checkEveryMs / 2, ...written, wait: Infinity };
  return { checkEveryMs, timing, ttlMs };
}
