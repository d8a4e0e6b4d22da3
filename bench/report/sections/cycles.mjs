import { ratioSpread, spread } from '../../measure/statistics.mjs';
import { barChart } from '../bar-chart.mjs';
import { number, range, ratio, table } from '../markdown.mjs';

export const title = 'Cycles';

const MODE_NAMES = { one: 'one at a time', hundred: '100 concurrent' };

export function method({ settings }) {
  const { rounds, warmupMs, measureMs, wireCycles } = settings;
  return (
    `acquire and release keys that nobody else wants. One at a time takes a new key for each cycle; 100 concurrent loops have a key ` +
    `each. Each measurement is a process of its own: ${warmupMs} ms to warm up, then ${measureMs} ms; ${rounds} rounds in turn. ` +
    `CPU is \`process.cpuUsage()\` of the client. Commands and bytes are from a separate run of ${wireCycles} cycles through a proxy that ` +
    `counts. TTL 10 s. raw is SET NX PX and a compare-and-delete by EVALSHA: it does not renew, nor do verrou, and \`acquire\` of redlock ` +
    `and its fork.`
  );
}

export function tables({ titles, speed, wire }) {
  return Object.keys(speed)
    .map(mode => `### ${capital(MODE_NAMES[mode])}\n\n${modeTable(titles, speed[mode], wire[mode])}`)
    .join('\n\n');
}

function modeTable(titles, runs, wire) {
  const rows = Object.keys(runs).map(name => [
    titles[name],
    range(spread(figures(runs, name, 'cyclesPerS'))),
    name === 'raw' ? '1' : range(overRaw(runs, name, 'cyclesPerS'), ratio),
    range(spread(figures(runs, name, 'cpuUsPerCycle'))),
    name === 'raw' ? '1' : range(overRaw(runs, name, 'cpuUsPerCycle'), ratio),
    commandsText(wire[name].commands),
    number(wire[name].bytesOut),
    number(wire[name].bytesIn),
  ]);
  const headers = ['', 'cycles/s', 'over raw', 'CPU, µs', 'over raw', 'commands', 'bytes out', 'bytes in'];
  return table(headers, rows);
}

export function charts({ titles, speed }) {
  const chart = (name, figure) =>
    barChart({
      title: name,
      unit: 'over raw ioredis',
      series: Object.keys(speed).map(mode => MODE_NAMES[mode]),
      rows: Object.keys(speed.one)
        .filter(contender => contender !== 'raw')
        .map(contender => ({
          label: titles[contender],
          values: Object.values(speed).map(runs => overRaw(runs, contender, figure).median),
        })),
      reference: { value: 1, label: 'raw' },
      format: ratio,
    });
  return {
    'cycles-speed.svg': chart('Cycles per second (more is better)', 'cyclesPerS'),
    'cycles-cpu.svg': chart('CPU of the client per cycle (less is better)', 'cpuUsPerCycle'),
  };
}

const figures = (runs, name, figure) => runs[name].map(run => run[figure]);
const overRaw = (runs, name, figure) =>
  ratioSpread(figures(runs, name, figure), figures(runs, 'raw', figure));
const capital = text => text[0].toUpperCase() + text.slice(1);

/** @param {Record<string, number>} commands per cycle */
function commandsText(commands) {
  return Object.entries(commands)
    .map(([name, perCycle]) => (perCycle === 1 ? name : `${number(perCycle)} ${name}`))
    .join(', ');
}
