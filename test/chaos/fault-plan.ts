import { createSeededRandom } from '../../lib/testing/seeded-random.js';
import type { RandomSource } from '../../lib/core/ports.js';

/** What is done to one worker's process. */
export type ProcessFault = 'kill' | 'stop' | 'block';
/** What is done to one worker's way to the store. */
export type LinkFault =
  | 'black-hole'
  | 'black-hole-to-server'
  | 'black-hole-to-client'
  | 'late-replies'
  | 'reset'
  | 'drop-reply'
  | 'delay';
/** What is done to the store. `wipe` alone is outside the assumptions. */
export type StoreFault = 'store-stop' | 'store-restart' | 'store-restart-empty' | 'store-wipe';
export type FaultKind = ProcessFault | LinkFault | StoreFault;

/** One fault of the schedule. */
export interface PlannedFault {
  /** In ms from the start. */
  readonly at: number;
  readonly kind: FaultKind;
  readonly durationMs: number;
  /** Which worker, unless `lastUserOf` names another. */
  readonly slot: number;
  /** Instead: the worker that was the last to work under this key. */
  readonly lastUserOf?: string;
  /** How a black hole ends: with what it has swallowed, or with a reset. */
  readonly heal: 'reset' | 'deliver';
}

/** For which run to plan. */
interface PlanOptions {
  readonly seed: string;
  readonly forMs: number;
  readonly workers: number;
  readonly keys: readonly string[];
  readonly ttlMs: number;
  /** Kinds that the store cannot do. */
  readonly without?: readonly FaultKind[];
}

/** How often each kind comes in 60 faults, and how long it lasts, in TTLs. */
const BAG: readonly [kind: FaultKind, times: number, shortest: number, longest: number][] = [
  ['kill', 4, 0, 0],
  ['stop', 11, 0.5, 3],
  ['block', 9, 0.5, 2],
  ['black-hole', 6, 0.3, 3],
  ['black-hole-to-server', 4, 0.3, 3],
  ['black-hole-to-client', 5, 0.3, 3],
  ['late-replies', 5, 1.2, 1.6],
  ['reset', 4, 0, 0],
  ['drop-reply', 5, 0, 0],
  ['delay', 3, 0.3, 1.5],
  ['store-stop', 1, 0.3, 2],
  ['store-restart', 1, 0, 0.5],
  ['store-restart-empty', 1, 0, 0.5],
  ['store-wipe', 1, 0, 0],
];
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 700;

/** A schedule of faults, the same for the same seed. Every 60 in a row hold each kind as often as the bag does. */
export function planFaults(options: PlanOptions): PlannedFault[] {
  const { seed, forMs, workers, keys, ttlMs, without = [] } = options;
  const random = createSeededRandom(`faults of ${seed}`);
  const between = (low: number, high: number): number => low + (high - low) * random.next();
  const plan: PlannedFault[] = [];
  let bag: FaultKind[] = [];
  let at = 0;
  for (;;) {
    at += between(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS);
    if (at >= forMs) return plan;
    if (bag.length === 0) bag = shuffledBag(random, without);
    const kind = bag.pop()!;
    const [, , shortest, longest] = BAG.find(entry => entry[0] === kind)!;
    plan.push({
      at,
      kind,
      durationMs: ttlMs * between(shortest, longest),
      slot: Math.floor(random.next() * workers),
      ...(random.next() < 0.7 && { lastUserOf: keys[Math.floor(random.next() * keys.length)] }),
      heal: random.next() < 0.5 ? 'reset' : 'deliver',
    });
  }
}

function shuffledBag(random: RandomSource, without: readonly FaultKind[]): FaultKind[] {
  const bag = BAG.filter(([kind]) => !without.includes(kind)).flatMap(([kind, times]) =>
    Array.from({ length: times }, () => kind),
  );
  for (let i = bag.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1));
    [bag[i], bag[j]] = [bag[j]!, bag[i]!];
  }
  return bag;
}
