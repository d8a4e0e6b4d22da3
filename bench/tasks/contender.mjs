import { openContender } from '../contenders/index.mjs';
import { nowUs } from '../measure/now-us.mjs';

/** A few loops that acquire and release; counts what they acquire within a window of time. */
export default async function contender({ contender: name, url, index, isSameKey, waiters }, line) {
  const locks = await openContender(name, { url, waitMs: 60_000 });
  await locks.cycle(`bench-warm-up-${index}`);
  await line.say('ready');
  const { fromUs, toUs } = await line.heard('start');
  let acquired = 0;
  const loop = async (_, i) => {
    const key = isSameKey ? 'bench-contended' : `bench-own-${index}-${i}`;
    while (nowUs() < toUs) {
      const handle = await locks.acquire(key);
      const atUs = nowUs();
      if (atUs >= fromUs && atUs < toUs) acquired++;
      await locks.release(handle);
    }
  };
  await Promise.all(Array.from({ length: waiters }, loop));
  await line.say('acquired', acquired);
  await line.heard('never');
}
