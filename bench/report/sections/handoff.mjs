import { quantile, spread } from '../../measure/statistics.mjs';
import { barChart } from '../bar-chart.mjs';
import { number, range, table } from '../markdown.mjs';

export const title = 'Hand-offs between processes';

export function method({ settings: { rounds, processes, waitersEach } }) {
  return (
    `a process holds a key; ${processes} others with ${waitersEach} waiters each begin to wait for it at the same instant; then the key is ` +
    `released, and each who gets it releases it at once. The total is from that first call of release until the last release has returned. A ` +
    `hand-off takes from the call of release until the next holder's acquire has resolved, by CLOCK_MONOTONIC, which processes share; ` +
    `quantiles are of the hand-offs of all ${rounds} rounds. Before that, each process has handed over a key of its own among 5 waiters. raw ` +
    `asks again every 10 ms; the others wait as they do by default, redlock and its fork without a limit to their retries. Commands are ` +
    `those that clients send, by \`INFO commandstats\`: EVAL, EVALSHA, SUBSCRIBE and the like, which scripts cannot call, and SET of those who ` +
    `send it outside scripts.`
  );
}

export function tables({ titles, runs }) {
  const rows = Object.entries(runs).map(([name, ofName]) => {
    const ms = share => number(quantile(latenciesUs(ofName), share) / 1000);
    return [
      titles[name],
      range(spread(ofName.map(run => run.totalMs))),
      ms(0.5),
      ms(0.99),
      ms(1),
      range(spread(ofName.map(run => run.commandsPerHandoff))),
      number(ofName.reduce((sum, run) => sum + run.overlaps, 0)),
    ];
  });
  const headers = ['', 'total, ms', 'p50, ms', 'p99, ms', 'max, ms', 'commands per hand-off', 'held by two'];
  return table(headers, rows);
}

export function charts({ titles, settings: { processes, waitersEach }, runs }) {
  const chart = barChart({
    title: `${processes * waitersEach} hand-offs in ${processes} processes, in all (less is better)`,
    unit: 'ms, logarithmic',
    series: ['total'],
    rows: Object.entries(runs).map(([name, ofName]) => ({
      label: titles[name],
      values: [spread(ofName.map(run => run.totalMs)).median],
    })),
    isLog: true,
  });
  return { 'handoff-total.svg': chart };
}

const latenciesUs = runs => runs.flatMap(run => run.latenciesUs);
