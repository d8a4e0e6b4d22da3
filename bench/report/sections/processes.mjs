import { spread } from '../../measure/statistics.mjs';
import { lineChart } from '../line-chart.mjs';
import { number, range, ratio, table } from '../markdown.mjs';

export const title = 'Processes';

const MODE_NAMES = { sameKey: 'All want one key', ownKeys: 'Each loop has a key of its own' };

export function method({ settings: { rounds, waitersEach, measureMs } }) {
  return (
    `each process has ${waitersEach} loops that acquire and release; counted are the acquisitions within ${number(measureMs)} ms that begin half a second ` +
    `after the loops. ${rounds} rounds in turn. Shares are of the process that got the key least and most often, of an equal share. raw asks again ` +
    `every 10 ms.`
  );
}

export function tables({ titles, runs }) {
  return Object.entries(runs)
    .map(([mode, byCount]) => `### ${MODE_NAMES[mode]}\n\n${modeTable(titles, byCount)}`)
    .join('\n\n');
}

function modeTable(titles, byCount) {
  const rows = Object.entries(byCount).flatMap(([count, byName]) =>
    Object.entries(byName).map(([name, ofName]) => [
      `${count}, ${titles[name]}`,
      range(spread(ofName.map(run => run.perS))),
      range(spread(ofName.map(run => run.commandsPerCycle)), ratio),
      ratio(Math.min(...ofName.map(run => Math.min(...sharesOf(run))))),
      ratio(Math.max(...ofName.map(run => Math.max(...sharesOf(run))))),
    ]),
  );
  return table(['processes', 'acquired/s', 'commands for each', 'least share', 'most'], rows);
}

/** @returns {number[]} 1 for a process that got as much as the average */
function sharesOf({ shares }) {
  const average = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return shares.map(share => share / average);
}

export function charts({ titles, runs }) {
  const chart = (name, byCount) =>
    lineChart({
      title: name,
      x: 'processes',
      y: 'acquired per second',
      series: Object.entries(titles).map(([contender, label]) => ({
        name: label,
        points: Object.entries(byCount).map(([count, byName]) => [
          Number(count),
          spread(byName[contender].map(run => run.perS)).median,
        ]),
      })),
    });
  return {
    'processes-same-key.svg': chart(MODE_NAMES.sameKey, runs.sameKey),
    'processes-own-keys.svg': chart(MODE_NAMES.ownKeys, runs.ownKeys),
  };
}
