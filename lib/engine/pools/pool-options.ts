import { describeValue } from '../../core/describe-value.js';
import type { Duration } from '../../core/duration.js';
import { assertKey, keyProblem } from '../../core/keys.js';
import { OptionProblems } from '../../core/option-problems.js';
import type { AcquireOptions, WithLockOptions } from '../../core/options.js';
import { MAX_SLOTS, poolKey, slotKey } from '../../core/slot-keys.js';

/** A pool of numbered slots: 0 up to `slots - 1`. */
export interface NumberedSlots {
  /** How many slots there are: 1 to 4096. */
  slots: number;
}

/** A pool of keys that are known. */
export interface NamedSlots {
  /** The slots are these keys, each once. */
  ids: readonly string[];
}

/** A pool of keys that the store knows: those that are held, or of which anything is kept. */
export interface ListedSlots {
  /** The slots are the keys which the store lists and which start like this; those that users create by hand included. */
  discover: string;
  /** How often the store is asked which there are, as long as somebody asks for one. @default 30 s */
  refreshEvery?: Duration;
}

/** What a pool consists of. */
export type PoolOptions = NumberedSlots | NamedSlots | ListedSlots;

/** Options of one acquisition from a pool. */
export type AcquireSlotOptions = Omit<AcquireOptions, 'mustExist'>;

/** Options of the callback form of a pool. */
export type WithSlotOptions = Omit<WithLockOptions, 'mustExist'>;

/** What a pool consists of, checked. */
export type ResolvedPool =
  | { readonly slots: number }
  | { readonly ids: readonly string[] }
  | { readonly discover: string; readonly refreshEveryMs: number };

const DEFAULT_REFRESH_MS = 30_000;

/** @throws OptionsInvalidError naming everything that is wrong */
export function resolvePool(name: string, options: PoolOptions): ResolvedPool {
  const problems = new OptionProblems();
  const { slots, ids, discover, refreshEvery } = options as Partial<NumberedSlots & NamedSlots & ListedSlots>;
  problems.names(options, ['slots', 'ids', 'discover', 'refreshEvery']);
  if (typeof name !== 'string' || name === '')
    problems.add(`name (${describeValue(name)}) of a pool must be a non-empty string, such as 'workers'`);
  if ([slots, ids, discover].filter(each => each !== undefined).length !== 1) {
    problems.add(
      `pool '${name}' must have one of slots, ids and discover; try { slots: 8 } for slots numbered from 0 to 7`,
    );
  }
  if (slots !== undefined) checkCount('slots', slots, problems);
  if (ids !== undefined) checkIds(name, ids, problems);
  if (discover !== undefined && typeof discover !== 'string')
    problems.add(
      `discover (${describeValue(discover)}) of pool '${name}' must be the start of keys; try 'shard-'`,
    );
  const refreshEveryMs = problems.duration('refreshEvery', refreshEvery, DEFAULT_REFRESH_MS, 0, Infinity);
  problems.throwIfAny();
  if (slots !== undefined) {
    assertKey(slotKey(poolKey(name), slots));
    return { slots };
  }
  return ids === undefined ? { discover: discover!, refreshEveryMs } : { ids };
}

/** How many slots a pool has. */
export function checkCount(option: string, count: unknown, problems: OptionProblems): void {
  if (Number.isInteger(count) && (count as number) >= 1 && (count as number) <= MAX_SLOTS) return;
  problems.add(`${option} (${describeValue(count)}) must be a whole number from 1 to ${MAX_SLOTS}; try 8`);
}

function checkIds(name: string, ids: unknown, problems: OptionProblems): void {
  if (!Array.isArray(ids) || ids.length === 0 || new Set(ids).size < ids.length) {
    problems.add(
      `ids (${describeValue(ids)}) of pool '${name}' must be a list of different keys; try ['shard-a']`,
    );
    return;
  }
  for (const id of ids) {
    const problem = keyProblem(id);
    if (problem !== undefined) problems.add(problem);
  }
}
