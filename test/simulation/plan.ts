import { Dice } from './dice.js';
import { drawFaults, type SimFault } from './faults.js';
import { drawPools, type PoolPlan } from './pool-plan.js';

export type StoreKind = 'memory' | 'redis' | 'dynamodb';

/** All that a run is made of, drawn from its seed; the rest follows. */
export interface Plan extends PoolPlan {
  readonly seed: number;
  readonly store: StoreKind;
  /** How long faults and work go on, in true time; then everything heals, and everybody must be served. */
  readonly durationMs: number;
  readonly keys: readonly string[];
  /** Whether the last key is that of a leadership. */
  readonly hasLeadership: boolean;
  readonly ttlMs: number;
  /** The longest TTL that anybody asks for. */
  readonly maxTtlMs: number;
  readonly driftRate: number;
  /** How much faster than true time each client's clock runs. */
  readonly clientDrifts: readonly number[];
  readonly serverDrift: number;
  /** How late a client's timers and replies are at most, because its event loop is busy. */
  readonly loopDelayMs: number;
  /** How long a message takes at least, and usually at most, one way. */
  readonly delayMs: readonly [number, number];
  /** The longest pause between two looks at a key that is held. */
  readonly pollEveryMs: number;
  /** Between two steps of one client's work. */
  readonly stepMs: number;
  /** How long a section of work is. */
  readonly workMs: number;
  /** Redis: grants wait after a restart. */
  readonly restartGuard: boolean;
  /** DynamoDB: the format of its rows. */
  readonly dialect: 'dynamolock' | 'aws-java';
  /** DynamoDB: whether a command that was given up may still be answered. */
  readonly hearsLate: boolean;
  readonly weights: Readonly<Record<StepKind, number>>;
  readonly faults: readonly SimFault[];
}

/** What a client does in a step. */
export type StepKind =
  'acquire' | 'probe' | 'withLock' | 'campaign' | 'renew' | 'release' | 'revoke' | 'look' | 'resign';

const STEPS: readonly StepKind[] = [
  'acquire',
  'probe',
  'withLock',
  'campaign',
  'renew',
  'release',
  'revoke',
  'look',
  'resign',
];

export const CLIENTS = 5;

/** Draws the run of a seed. Each draws its own mix of work and faults, so that rare combinations meet. */
export function drawPlan(seed: number, durationMs = 60_000): Plan {
  const dice = new Dice(`plan-${seed}`);
  const store = dice.weighted<StoreKind>({ memory: 1, redis: 0.7, dynamodb: 1 });
  const ttlMs = dice.scale(400, 6000);
  const driftRate = dice.pick([0.01, 0.01, 0.001, 0.1]);
  const clientDrifts = Array.from({ length: CLIENTS }, () => drawDrift(dice, driftRate));
  const serverDrift = drawDrift(dice, driftRate);
  const maxTtlMs = ttlMs * 2;
  const drifts = [...clientDrifts, serverDrift];
  const toleranceMs = Math.min(
    ...[ttlMs / 2, ttlMs, maxTtlMs].map(ms => signalToleranceMs(ms, driftRate, drifts)),
  );
  const hasLeadership = dice.chance(0.5);
  const plan = {
    seed,
    store,
    durationMs,
    keys: hasLeadership ? ['a', 'b', 'service/s/leadership'] : ['a', 'b', 'c'],
    hasLeadership,
    ttlMs,
    maxTtlMs,
    driftRate,
    clientDrifts,
    serverDrift,
    // Never so late, nor messages so slow, that commands go unanswered while nothing is wrong.
    loopDelayMs: dice.chance(0.5) ? 0 : dice.between(0, Math.min(0.9 * toleranceMs, ttlMs / 80)),
    delayMs: drawDelay(dice, ttlMs),
    pollEveryMs: dice.pick([1000, 3000]),
    stepMs: dice.scale(400, 3000),
    workMs: dice.scale(20, 3 * ttlMs),
    restartGuard: store === 'redis' && dice.chance(0.7),
    dialect: dice.pick(['dynamolock', 'aws-java'] as const),
    hearsLate: dice.chance(0.5),
    weights: Object.fromEntries(
      STEPS.map(step => [step, dice.chance(0.25) ? 0 : dice.between(0.1, 1)]),
    ) as Record<StepKind, number>,
  };
  const pools = drawPools(seed, ownKeysOf(plan));
  return { ...plan, ...pools, faults: drawFaults(plan, new Dice(`faults-${seed}`)) };
}

/** Keys that no leadership has. */
export function ownKeysOf({ keys, hasLeadership }: Pick<Plan, 'keys' | 'hasLeadership'>): readonly string[] {
  return hasLeadership ? keys.slice(0, -1) : keys;
}

/** At the limits of what is promised as often as within them: two clocks differ by `driftRate` at most. */
function drawDrift(dice: Dice, driftRate: number): number {
  const limit = Math.sqrt(1 + driftRate);
  const kind = dice.weighted({ true: 1, fast: 1, slow: 1, any: 1 });
  if (kind === 'true') return 0;
  if (kind === 'fast') return limit - 1;
  if (kind === 'slow') return 1 / limit - 1;
  return dice.between(1 / limit, limit) - 1;
}

function drawDelay(dice: Dice, ttlMs: number): [number, number] {
  const low = dice.scale(0.1, ttlMs / 200);
  return [low, low + dice.scale(0.1, ttlMs / 100)];
}

/** How late an event loop may be so that a signal still comes before the store can grant: what drift leaves of the loss margin. */
function signalToleranceMs(ttlMs: number, driftRate: number, drifts: readonly number[]): number {
  const slowest = 1 + Math.min(...drifts);
  const fastest = 1 + Math.max(...drifts);
  // As documented, not as the code under test has it
  const lossMarginMs = Math.max(ttlMs * driftRate + 2, Math.min(ttlMs / 10, 50));
  return lossMarginMs - ttlMs * (1 - slowest / fastest);
}
