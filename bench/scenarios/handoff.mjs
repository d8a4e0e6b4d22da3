import { setTimeout as sleep } from 'node:timers/promises';
import { titlesOf } from '../contenders/index.mjs';
import { forkTask } from '../measure/fork-task.mjs';
import { inRounds } from '../measure/in-rounds.mjs';
import { nowUs } from '../measure/now-us.mjs';
import { topLevelCalls } from '../measure/top-level-calls.mjs';

const CONTENDERS = ['raw', 'verrou', 'redis-semaphore', 'redlock', 'sesamecare', 'ours'];
/** By then everybody waits, and those that poll are out of step with the release. */
const SETTLE_MS = 500;

/** One key that many in two processes wait for, while a third process holds and then releases it. */
export async function handoff({ redis, settings, log }) {
  const { rounds } = settings.handoff;
  const runs = await inRounds(rounds, CONTENDERS, async (contender, round) => {
    const run = await handOffs(redis, contender, settings.handoff);
    log(`handoff, round ${round + 1}, ${contender}: ${run.totalMs.toFixed(1)} ms`);
    return run;
  });
  return { settings: settings.handoff, titles: await titlesOf(CONTENDERS), runs };
}

async function handOffs(redis, contender, { processes, waitersEach, capMs }) {
  await redis.flush();
  const job = { contender, url: redis.url, key: 'bench-handoff', waiters: waitersEach, waitMs: 2 * capMs };
  const holder = forkTask('holder', job);
  const crowds = Array.from({ length: processes }, () => forkTask('crowd', job));
  try {
    await Promise.all([holder.heard('held'), ...crowds.map(crowd => crowd.heard('ready'))]);
    const startUs = nowUs() + 50_000;
    for (const crowd of crowds) crowd.say('start', startUs);
    await sleep(50 + SETTLE_MS + Math.random() * 250);
    const callsSince = await topLevelCalls(redis, contender);
    holder.say('release');
    const cap = sleep(capMs, undefined, { ref: false }).then(() => {
      throw new Error(`${contender} did not hand over ${processes * waitersEach} times in ${capMs} ms`);
    });
    const done = Promise.all([holder.heard('released'), ...crowds.map(crowd => crowd.heard('passed'))]);
    const [released, ...passed] = await Promise.race([done, cap]);
    const calls = await callsSince();
    return { ...summary(released.calledUs, passed.flat()), commandsPerHandoff: calls / passed.flat().length };
  } finally {
    for (const task of [holder, ...crowds]) task.end();
  }
}

/** @param {{ acquiredUs: number, releaseCalledUs: number, releasedUs: number }[]} holds */
function summary(releaseCalledUs, holds) {
  holds.sort((a, b) => a.acquiredUs - b.acquiredUs);
  const before = [releaseCalledUs, ...holds.map(hold => hold.releaseCalledUs)];
  const latenciesUs = holds.map((hold, i) => Math.round(hold.acquiredUs - before[i]));
  const lastUs = Math.max(...holds.map(hold => hold.releasedUs));
  return {
    totalMs: (lastUs - releaseCalledUs) / 1000,
    latenciesUs,
    overlaps: latenciesUs.filter(us => us < 0).length,
  };
}
