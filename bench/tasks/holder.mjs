import { openContender } from '../contenders/index.mjs';
import { nowUs } from '../measure/now-us.mjs';

/** Holds the key until it is told to release it. */
export default async function holder({ contender, url, key, waitMs }, line) {
  const locks = await openContender(contender, { url, waitMs });
  await locks.cycle(`${key}-warm-up`);
  const handle = await locks.acquire(key);
  await line.say('held');
  await line.heard('release');
  const calledUs = nowUs();
  await locks.release(handle);
  await line.say('released', { calledUs });
  await line.heard('never');
}
