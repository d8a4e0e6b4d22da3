import { openContender } from '../contenders/index.mjs';
import { loopTimes } from '../measure/loops.mjs';

/** A number of cycles, before and after which the parent looks at what has passed. */
export default async function wire({ contender, url, concurrency, count }, line) {
  const { cycle } = await openContender(contender, { url, isProxied: true });
  await loopTimes(cycle, { concurrency, count: 3 * concurrency });
  await line.say('warm');
  await line.heard('go');
  await loopTimes(cycle, { concurrency, count });
  await line.say('done');
  await line.heard('bye');
}
