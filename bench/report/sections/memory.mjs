import { spread } from '../../measure/statistics.mjs';
import { range, table } from '../markdown.mjs';

export const title = 'Memory store';

const MODE_NAMES = {
  'manager-distinct': 'manager, one at a time, keys distinct',
  'manager-same': 'manager, one at a time, same key',
  'manager-hundred': 'manager, 100 concurrent, a key each',
  'store-distinct': 'store alone, keys distinct',
  'store-same': 'store alone, same key',
};

export function method({ settings: { rounds, warmupMs, measureMs } }) {
  return (
    `acquire and release by a manager with \`memoryStore()\`, and what it asks of the store without the manager. ${warmupMs} ms to warm up, then ` +
    `${measureMs} ms, in a process of its own; ${rounds} rounds in turn.`
  );
}

export function tables({ runs }) {
  const rows = Object.entries(runs).map(([mode, ofMode]) => [
    MODE_NAMES[mode],
    range(spread(ofMode.map(run => run.cyclesPerS))),
    range(spread(ofMode.map(run => run.cpuUsPerCycle))),
  ]);
  return table(['', 'cycles/s', 'CPU, µs per cycle'], rows);
}
