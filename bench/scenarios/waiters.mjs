import { titlesOf } from '../contenders/index.mjs';
import { forkTask } from '../measure/fork-task.mjs';
import { inRounds } from '../measure/in-rounds.mjs';
import { topLevelCalls } from '../measure/top-level-calls.mjs';

const PEERS = ['verrou', 'redis-semaphore', 'redlock', 'sesamecare'];

/** One key that many in one process wait for. */
export async function waiters({ redis, settings, log }) {
  const { rounds, ours, peers, capMs } = settings.waiters;
  const runs = {};
  for (const count of ours) {
    const names = peers.includes(count) ? [...PEERS, 'ours'] : ['ours'];
    runs[count] = await inRounds(rounds, names, async (contender, round) => {
      const run = await passAlong(redis, { contender, waiters: count, capMs });
      log(`waiters ${count}, round ${round + 1}, ${contender}: ${run.done} in ${run.ms.toFixed(1)} ms`);
      return run;
    });
  }
  return { settings: settings.waiters, titles: await titlesOf([...PEERS, 'ours']), runs };
}

async function passAlong(redis, { contender, waiters: count, capMs }) {
  await redis.flush();
  const task = forkTask('waiters', { contender, url: redis.url, waiters: count, capMs });
  try {
    await task.heard('waiting');
    const callsSince = await topLevelCalls(redis, contender);
    await task.say('go');
    const { done, ms } = await task.heard('passed');
    return { done, ms, commandsPerHandoff: (await callsSince()) / done };
  } finally {
    task.end();
  }
}
