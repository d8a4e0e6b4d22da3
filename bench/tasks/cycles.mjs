import { openContender } from '../contenders/index.mjs';
import { loopFor, timed } from '../measure/loops.mjs';

/** @returns cycles per second, and the CPU time of this process for each */
export default async function cycles({ contender, url, concurrency, warmupMs, measureMs }) {
  const { cycle } = await openContender(contender, { url });
  await loopFor(cycle, { concurrency, ms: warmupMs });
  return timed(() => loopFor(cycle, { concurrency, ms: measureMs }));
}
