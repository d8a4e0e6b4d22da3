import { spread } from '../../measure/statistics.mjs';
import { lineChart } from '../line-chart.mjs';
import { number, range, ratio, table } from '../markdown.mjs';

export const title = 'Waiters in one process';

export function method({ settings: { rounds, peers, capMs } }) {
  return (
    `many in one process wait for a key that it holds; then it is released, and each who gets it releases it at once. ${rounds} rounds in turn. ` +
    `The others poll, so they are measured with ${peers.join(' and ')} waiters only, and cut off after ${number(capMs / 1000)} s: then the figures are ` +
    `of the hand-offs until then. Commands are counted as above.`
  );
}

export function tables({ titles, runs }) {
  const rows = Object.entries(runs).flatMap(([count, byName]) =>
    Object.entries(byName).map(([name, ofName]) => [
      `${number(Number(count))}, ${titles[name]}`,
      range(spread(ofName.map(run => run.done))),
      range(spread(ofName.map(run => run.ms))),
      range(spread(ofName.map(usPerHandoff))),
      range(spread(ofName.map(run => run.commandsPerHandoff)), ratio),
    ]),
  );
  return table(['waiters', 'handed over', 'ms in all', 'µs per hand-off', 'commands per hand-off'], rows);
}

export function charts({ runs }) {
  const chart = (name, y, figure) => {
    const points = Object.entries(runs).map(([count, { ours }]) => [
      Number(count),
      spread(ours.map(figure)).median,
    ]);
    return lineChart({ title: name, x: 'local waiters', y, series: [{ name: 'ours', points }] });
  };
  return {
    'waiters-time.svg': chart('Time per hand-off', 'µs', usPerHandoff),
    'waiters-commands.svg': chart('Commands per hand-off', 'commands', run => run.commandsPerHandoff),
  };
}

const usPerHandoff = run => (run.ms * 1000) / run.done;
