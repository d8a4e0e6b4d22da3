import { titlesOf } from '../contenders/index.mjs';
import { forkTask } from '../measure/fork-task.mjs';
import { inRounds } from '../measure/in-rounds.mjs';
import { nowUs, untilUs } from '../measure/now-us.mjs';
import { topLevelCalls } from '../measure/top-level-calls.mjs';

const CONTENDERS = ['raw', 'ours'];

/** Several processes on one key, and on keys of their own. */
export async function processes({ redis, settings, log }) {
  const { rounds, counts } = settings.processes;
  const runs = { sameKey: {}, ownKeys: {} };
  for (const [mode, byCount] of Object.entries(runs)) {
    for (const count of counts) {
      byCount[count] = await inRounds(rounds, CONTENDERS, async (contender, round) => {
        const isSameKey = mode === 'sameKey';
        const run = await contend(redis, { contender, count, isSameKey, ...settings.processes });
        log(
          `processes ${mode} ${count}, round ${round + 1}, ${contender}: ${Math.round(run.perS)} per second`,
        );
        return run;
      });
    }
  }
  return { settings: settings.processes, titles: await titlesOf(CONTENDERS), runs };
}

async function contend(redis, { contender, count, isSameKey, waitersEach, measureMs }) {
  await redis.flush();
  const job = index => ({ contender, url: redis.url, index, isSameKey, waiters: waitersEach });
  const tasks = Array.from({ length: count }, (_, index) => forkTask('contender', job(index)));
  try {
    await Promise.all(tasks.map(task => task.heard('ready')));
    const fromUs = nowUs() + 500_000; // by then all are in full swing
    const toUs = fromUs + measureMs * 1000;
    for (const task of tasks) task.say('start', { fromUs, toUs });
    await untilUs(fromUs);
    const callsSince = await topLevelCalls(redis, contender);
    await untilUs(toUs);
    const calls = await callsSince();
    const shares = await Promise.all(tasks.map(task => task.heard('acquired')));
    const acquired = shares.reduce((sum, share) => sum + share, 0);
    return { perS: (acquired / measureMs) * 1000, commandsPerCycle: calls / acquired, shares };
  } finally {
    for (const task of tasks) task.end();
  }
}
