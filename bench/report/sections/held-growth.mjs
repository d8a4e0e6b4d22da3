import { HELD_HEADERS, heldCells } from '../held-cells.mjs';
import { lineChart } from '../line-chart.mjs';
import { number, table } from '../markdown.mjs';

export const title = 'Leases that are held, by their number';

export function method({ settings: { ttlMs, ttlMsOf100k, holdMs } }) {
  return (
    `as above, ours alone, for ${number(holdMs)} ms, once each. TTL ${number(ttlMs)} ms, for 100,000 leases ${number(ttlMsOf100k)} ms. Where fewer ` +
    `than 100 leases or renewals share a figure, it says nothing about them and is left out.`
  );
}

export function tables({ runs }) {
  const rows = Object.entries(runs).map(([leases, run]) => [
    number(Number(leases)),
    ...(run.failure === undefined ? heldCells(figure => number(figure(run))) : [run.failure]),
  ]);
  return table(['leases', ...HELD_HEADERS], rows);
}

export function charts({ runs }) {
  const chart = (name, y, figure) =>
    lineChart({
      title: name,
      x: 'leases held',
      y,
      series: [
        {
          name: 'ours',
          points: Object.entries(runs)
            .filter(([, run]) => run.failure === undefined && run.renewals >= 100 && run.leases >= 100)
            .map(([leases, run]) => [Number(leases), Math.max(0, figure(run))]),
        },
      ],
    });
  return {
    'growth-cpu.svg': chart('CPU per renewal', 'µs', run => run.cpuUsPerRenewal),
    'growth-heap.svg': chart('Heap per lease', 'bytes', run => run.heapBytesPerLease),
    'growth-delay.svg': chart('Event-loop delay while holding, p99', 'ms', run => run.loopDelayMs.p99),
  };
}
