import { openTable } from '../dynamodb/open-table.mjs';
import { loopFor, timed } from '../measure/loops.mjs';

/** @returns cycles per second, and the CPU time of this process for each */
export default async function dynamodbSpeed({ contender, endpoint, concurrency, warmupMs, measureMs }) {
  const { cycle } = await openTable(contender, endpoint);
  await loopFor(cycle, { concurrency, ms: warmupMs });
  return timed(() => loopFor(cycle, { concurrency, ms: measureMs }));
}
