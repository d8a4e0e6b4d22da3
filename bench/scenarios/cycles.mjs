import { contenderModule, titlesOf } from '../contenders/index.mjs';
import { forkTask } from '../measure/fork-task.mjs';
import { inRounds } from '../measure/in-rounds.mjs';
import { startCountingProxy } from '../servers/counting-proxy.mjs';

const CONTENDERS = [
  'raw',
  'verrou',
  'redis-semaphore',
  'redlock',
  'sesamecare',
  'ours',
  'ours-with-lock',
  'ours-restart-guard',
];
const MODES = { one: 1, hundred: 100 };

/** Acquire and release of keys that nobody else wants. */
export async function cycles({ redis, settings, log }) {
  const { rounds, warmupMs, measureMs, wireCycles } = settings.cycles;
  const speed = {};
  const wire = {};
  for (const [mode, concurrency] of Object.entries(MODES)) {
    speed[mode] = await inRounds(rounds, CONTENDERS, async (contender, round) => {
      await redis.flush();
      const job = { contender, url: redis.url, concurrency, warmupMs, measureMs };
      const measured = await forkTask('cycles', job).result;
      log(`cycles ${mode}, round ${round + 1}, ${contender}: ${Math.round(measured.cyclesPerS)} cycles/s`);
      return measured;
    });
    wire[mode] = {};
    for (const contender of CONTENDERS) {
      await redis.flush();
      wire[mode][contender] = await wireCost(redis, { contender, concurrency, count: wireCycles });
    }
  }
  return { settings: settings.cycles, titles: await titlesOf(CONTENDERS), modes: MODES, speed, wire };
}

/** Per cycle, in a run of its own through a proxy that counts, after a warm-up. */
async function wireCost(redis, { contender, concurrency, count }) {
  const proxy = await startCountingProxy(redis.port);
  try {
    const task = forkTask('wire', { contender, url: proxy.url, concurrency, count });
    await task.heard('warm');
    proxy.reset();
    await task.say('go');
    await task.heard('done');
    const { commands, replies, bytesOut, bytesIn } = proxy.counts;
    await task.say('bye');
    await task.result;
    await checkPlainCommands(contender, Object.keys(commands));
    const perCycle = value => value / count;
    return {
      commands: Object.fromEntries(Object.entries(commands).map(([name, calls]) => [name, perCycle(calls)])),
      replies: perCycle(replies),
      bytesOut: perCycle(bytesOut),
      bytesIn: perCycle(bytesIn),
    };
  } finally {
    await proxy.stop();
  }
}

/** What counting by Redis relies on: `plainCommands` of the contender are complete. */
async function checkPlainCommands(contender, names) {
  const { plainCommands } = await contenderModule(contender);
  const scripts = ['eval', 'evalsha', 'script'];
  const unknown = names.filter(name => !scripts.includes(name) && !plainCommands.includes(name));
  if (unknown.length > 0) throw new Error(`plainCommands of ${contender} lack ${unknown.join(', ')}`);
}
