import { spread } from '../../measure/statistics.mjs';
import { number, range, table } from '../markdown.mjs';
import { HELD_HEADERS, heldCells } from '../held-cells.mjs';

export const title = 'Leases that are held';

export function method({ settings: { rounds, leases, ttlMs, holdMs } }) {
  return (
    `one process acquires ${number(leases)} leases with a TTL of ${number(ttlMs)} ms, 1,000 at a time, and half a TTL later is measured for ` +
    `${number(holdMs)} ms in which it does nothing else; ${rounds} rounds in turn. CPU is that of the process, less what it takes when it holds ` +
    `nothing, divided by renewals: for ours its \`renewed\` events, as one command may carry many; for the others commands, as each renewal is one. Ours renews every third of ` +
    `the TTL, redis-semaphore every 0.8 TTL, redlock and its fork (by \`using\`) 500 ms before the end. Heap and RSS are those after the time of ` +
    `holding less those before the first acquisition, both after \`gc()\`; RSS also has what the burst of acquisitions left. Delay of the event ` +
    `loop is by \`monitorEventLoopDelay\` of 5 ms, less these 5 ms. Lost: as the library says; expired: keys, by Redis. Timers are those armed ` +
    `at once at most by the global \`setTimeout\` and \`setInterval\`, in a run of its own.`
  );
}

export function tables({ titles, runs, timers }) {
  const rows = Object.entries(runs).map(([name, ofName]) => {
    const whole = ofName.filter(run => run.failure === undefined);
    if (whole.length === 0) return [titles[name], ofName[0].failure];
    const { holding = NaN, acquiring = NaN } = timers[name];
    return [
      titles[name],
      ...heldCells(figure => range(spread(whole.map(figure)))),
      number(holding),
      number(acquiring),
    ];
  });
  return table(['', ...HELD_HEADERS, 'timers while holding', 'while acquiring'], rows);
}
