import { titlesOf } from '../contenders/index.mjs';
import { inRounds } from '../measure/in-rounds.mjs';
import { countTimers, describeHold, holdLeases } from '../measure/hold-leases.mjs';

const CONTENDERS = ['redis-semaphore', 'redlock', 'sesamecare', 'ours'];

/** Many leases that one process holds and renews. */
export async function held({ redis, settings, log }) {
  const { rounds, leases, ttlMs } = settings.held;
  const runs = await inRounds(rounds, CONTENDERS, async (contender, round) => {
    const run = await holdLeases(redis, { contender, ...settings.held });
    log(`held, round ${round + 1}, ${contender}: ${describeHold(run)}`);
    return run;
  });
  const timers = {};
  for (const contender of CONTENDERS) {
    timers[contender] = await countTimers(redis, { contender, leases, ttlMs });
  }
  return { settings: settings.held, titles: await titlesOf(CONTENDERS), runs, timers };
}
