import { setTimeout as sleep } from 'node:timers/promises';
import { openContender } from '../contenders/index.mjs';

const WARM_UP_WAITERS = 10;
const SETTLE_MS = 300;

/** All wait for a key that is held here, too; then it is released, and each who gets it releases it at once. */
export default async function waiters({ contender, url, waiters: count, capMs }, line) {
  const locks = await openContender(contender, { url, waitMs: 10 * capMs });
  await (await crowd(locks, 'bench-warm-up', WARM_UP_WAITERS)).pass(capMs);
  globalThis.gc();
  const { pass } = await crowd(locks, 'bench-waiters', count);
  await line.say('waiting');
  await line.heard('go');
  await line.say('passed', await pass(capMs));
  await line.heard('never');
}

async function crowd(locks, key, count) {
  const holder = await locks.acquire(key);
  let done = 0;
  const all = Array.from({ length: count }, async () => {
    const handle = await locks.acquire(key);
    await locks.release(handle);
    done++;
  });
  await sleep(SETTLE_MS + count / 20);
  const pass = async capMs => {
    const start = performance.now();
    await locks.release(holder);
    await Promise.race([Promise.all(all), sleep(capMs, undefined, { ref: false })]);
    return { done, ms: performance.now() - start };
  };
  return { pass };
}
