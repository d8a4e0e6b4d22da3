import { poolKey, slotKey } from '../../lib/core/slot-keys.js';
import type { PoolOptions } from '../../lib/engine/pools/pool-options.js';
import { Dice } from './dice.js';

/** A pool of which any slot will do. */
export interface SimPool {
  readonly name: string;
  readonly options: Extract<PoolOptions, { slots: number } | { ids: readonly string[] }>;
}

/** Whatever of a run concerns more than one key at once. */
export interface PoolPlan {
  /** Of whose slots the clients take some. */
  readonly pools: readonly SimPool[];
  /** The slots that all clients share out among themselves; `null` where they share none. */
  readonly shared: SimPool | null;
  readonly poolWeights: Readonly<Record<PoolStepKind, number>>;
}

/** What a client does in a step with slots of a pool, or with several keys. */
export type PoolStepKind = 'acquireAny' | 'probeAny' | 'acquireUpTo' | 'withSlot' | 'acquireAll' | 'withKeys';

const OF_POOLS: readonly PoolStepKind[] = ['acquireAny', 'probeAny', 'acquireUpTo', 'withSlot'];
const OF_SETS: readonly PoolStepKind[] = ['acquireAll', 'withKeys'];

/** Members of a shared pool take the lowest places: more clients than this, the dead included, there are never at once. */
const MEMBERS = 16;

/** Drawn apart from all else, so that a run in which nothing of it is drawn stays as it was. */
export function drawPools(seed: number, ownKeys: readonly string[]): PoolPlan {
  const dice = new Dice(`pools-${seed}`);
  const numbered = dice.chance(0.35) ? [{ name: 'p', options: { slots: 2 + dice.below(4) } }] : [];
  const named = dice.chance(0.12) ? [{ name: 'i', options: { ids: ownKeys } }] : [];
  const shared = dice.chance(0.15) ? { name: 's', options: { slots: 2 + dice.below(6) } } : null;
  const pools = [...numbered, ...named];
  const hasSets = dice.chance(0.3);
  const weigh = (isDrawn: boolean): number => (isDrawn && !dice.chance(0.25) ? dice.between(0.1, 1.5) : 0);
  return {
    pools,
    shared,
    poolWeights: Object.fromEntries([
      ...OF_POOLS.map(step => [step, weigh(pools.length > 0)] as const),
      ...OF_SETS.map(step => [step, weigh(hasSets)] as const),
    ]) as Record<PoolStepKind, number>,
  };
}

/** Keys of all slots of a pool. */
export function slotKeysOf({ name, options }: SimPool): readonly string[] {
  if ('ids' in options) return options.ids;
  return Array.from({ length: options.slots }, (_, slot) => slotKey(poolKey(name), slot));
}

/** Keys of the slots that are no other keys of the plan. */
export function ownSlotKeys({ pools, shared }: PoolPlan): string[] {
  const numbered = [...pools, ...(shared === null ? [] : [shared])].filter(
    ({ options }) => 'slots' in options,
  );
  return numbered.flatMap(slotKeysOf);
}

/** @returns the keys of which a message about `key` may change one: it is that of a pool where the store finds a slot by itself */
export function keysBehind({ pools, shared }: PoolPlan, key: string): readonly string[] {
  for (const pool of [...pools, ...(shared === null ? [] : [shared])]) {
    if (poolKey(pool.name) === key) return slotKeysOf(pool);
    if (pool === shared && /\/members of \w+$/.test(key))
      return slotKeysOf({ name: key.slice(poolKey('').length), options: { slots: MEMBERS } });
  }
  return [key];
}
