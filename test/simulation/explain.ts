import type { Plan } from './plan.js';
import { shrink } from './shrink.js';
import { simulate } from './simulate.js';

/** How much of the story is told before the first violation. */
const LINES_BEFORE = 120;

/** The story of a seed that breaks a promise, with as few faults as needed, and how to see it again. */
export async function explain(plan: Plan): Promise<string> {
  const { violations } = await simulate(plan);
  const first = violations[0];
  if (first === undefined) return `seed ${plan.seed} keeps all promises`;
  const small = await shrink(plan, first.promise, simulate);
  const { timeline } = await simulate(small, { timeline: true });
  const end = timeline.findIndex(line => line.includes('VIOLATION'));
  const { faults, weights: _, ...rest } = small;
  return [
    `seed ${plan.seed} breaks a promise: ${first.promise}`,
    `again: npm run sim -- --seeds 1 --from ${plan.seed}`,
    '',
    `its world: ${JSON.stringify(rest)}`,
    `faults needed, ${faults.length} of ${plan.faults.length}:`,
    ...faults.map(fault => `  ${JSON.stringify(fault)}`),
    '',
    'ms, who, what:',
    ...timeline.slice(Math.max(0, end - LINES_BEFORE), end + 1).map(line => `  ${line}`),
    '',
  ].join('\n');
}
