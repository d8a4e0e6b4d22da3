import { armedTimers } from '../measure/armed-timers.mjs'; // before anything that arms one
import { setTimeout as sleep } from 'node:timers/promises';
import { openContender } from '../contenders/index.mjs';
import { acquireMany } from '../measure/acquire-many.mjs';

/** Holds leases for one and a half TTL, in which each is renewed at least once, and counts timers. */
export default async function timers({ contender, url, leases, ttlMs, concurrency }, line) {
  const locks = await openContender(contender, { url, ttlMs, waitMs: 60_000 });
  await sleep(100);
  armedTimers.forget();
  const before = armedTimers.now;
  const handles = await acquireMany(locks.hold, { leases, concurrency });
  const acquiring = armedTimers.highest - before;
  await sleep(100); // those of the acquisitions end with their turn
  armedTimers.forget();
  await sleep(1.5 * ttlMs);
  await line.say('counted', { leases: handles.length, acquiring, holding: armedTimers.highest - before });
  await line.heard('never');
}
