import type { SimFault } from './faults.js';
import type { PromiseName } from './promises.js';
import type { Plan } from './plan.js';
import type { RunResult } from './simulate.js';

/**
 * The smallest set of faults that is found to still break the same promise. Faults are taken away in ever smaller groups.
 * @param run simulates a plan
 */
export async function shrink(
  plan: Plan,
  promise: PromiseName,
  run: (plan: Plan) => Promise<RunResult>,
): Promise<Plan> {
  const isBrokenBy = async (faults: readonly SimFault[]): Promise<boolean> => {
    const { violations } = await run({ ...plan, faults });
    return violations.some(violation => violation.promise === promise);
  };
  let { faults } = plan;
  for (let size = Math.ceil(faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < faults.length;) {
      const fewer = [...faults.slice(0, start), ...faults.slice(start + size)];
      if (await isBrokenBy(fewer)) faults = fewer;
      else start += size;
    }
  }
  return { ...plan, faults };
}
