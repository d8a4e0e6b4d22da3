import { openContender } from '../contenders/index.mjs';
import { nowUs, untilUs } from '../measure/now-us.mjs';

const WARM_UP_WAITERS = 5;

/** Waiters that begin at a given instant, and each release the key as soon as they have it. */
export default async function crowd({ contender, url, key, waiters, waitMs }, line) {
  const locks = await openContender(contender, { url, waitMs });
  await passAlong(locks, `${key}-warm-up-${process.pid}`, WARM_UP_WAITERS);
  await line.say('ready');
  await untilUs(await line.heard('start'));
  await line.say('passed', await passAlong(locks, key, waiters));
  await line.heard('never');
}

function passAlong(locks, key, waiters) {
  const pass = async () => {
    const handle = await locks.acquire(key);
    const acquiredUs = nowUs();
    const releaseCalledUs = nowUs();
    await locks.release(handle);
    return { acquiredUs, releaseCalledUs, releasedUs: nowUs() };
  };
  return Promise.all(Array.from({ length: waiters }, pass));
}
