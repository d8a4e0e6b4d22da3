import { drawPlan } from './plan.js';
import { simulate, type RunResult } from './simulate.js';

/** What a process that runs seeds is asked. */
export interface SeedOrder {
  readonly from: number;
  readonly seeds: number;
}

/** What it answers, seed by seed; the timeline stays behind. */
export type SeedReport = Omit<RunResult, 'timeline'>;

// Errors are made by the thousand, and nobody reads where
Error.stackTraceLimit = 0;

// Each order is answered by as many reports as it has seeds.
process.on('message', (order: SeedOrder) => void runAll(order));

async function runAll({ from, seeds }: SeedOrder): Promise<void> {
  for (let seed = from; seed < from + seeds; seed++) {
    const { timeline: _, ...report } = await simulate(drawPlan(seed));
    process.send!(report);
  }
}
