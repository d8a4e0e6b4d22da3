import { forkTask } from '../measure/fork-task.mjs';
import { inRounds } from '../measure/in-rounds.mjs';

const MODES = ['manager-distinct', 'manager-same', 'manager-hundred', 'store-distinct', 'store-same'];

/** Leases in the memory of the process: what the engine itself costs. */
export async function memory({ settings, log }) {
  const { rounds, warmupMs, measureMs } = settings.memory;
  const runs = await inRounds(rounds, MODES, async (mode, round) => {
    const measured = await forkTask('memory', { mode, warmupMs, measureMs }).result;
    log(`memory ${mode}, round ${round + 1}: ${Math.round(measured.cyclesPerS)} cycles/s`);
    return measured;
  });
  return { settings: settings.memory, runs };
}
