import { quantile, ratioSpread, spread } from '../measure/statistics.mjs';
import { number, range, ratio, table } from './markdown.mjs';

/**
 * @typedef {object} Target
 * @property {string} text what is measured
 * @property {string} limit
 * @property {string} scenario whose result tells
 * @property {(data: any) => { shown: string, isMet: boolean }} judge
 */

const overRaw = (mode, figure, isMet) => data => {
  const { raw, ours } = data.speed[mode];
  const measured = ratioSpread(
    ours.map(run => run[figure]),
    raw.map(run => run[figure]),
  );
  return { shown: range(measured, ratio), isMet: isMet(measured.median) };
};

const ofHeld = (figure, limit, unit) => data => {
  const measured = spread(data.runs.ours.map(figure));
  return { shown: `${range(measured)}${unit}`, isMet: measured.median <= limit };
};

/** @type {Target[]} */
const TARGETS = [
  {
    text: 'cycles/s over raw, one at a time',
    limit: '≥ 0.95',
    scenario: 'cycles',
    judge: overRaw('one', 'cyclesPerS', value => value >= 0.95),
  },
  {
    text: 'cycles/s over raw, 100 concurrent keys',
    limit: '≥ 1.2',
    scenario: 'cycles',
    judge: overRaw('hundred', 'cyclesPerS', value => value >= 1.2),
  },
  {
    text: 'CPU per cycle over raw, one at a time',
    limit: '≤ 1.0',
    scenario: 'cycles',
    judge: overRaw('one', 'cpuUsPerCycle', value => value <= 1),
  },
  {
    text: 'CPU per cycle over raw, 100 concurrent keys',
    limit: '≤ 1.0',
    scenario: 'cycles',
    judge: overRaw('hundred', 'cpuUsPerCycle', value => value <= 1),
  },
  {
    text: '50 hand-offs in two processes, in all',
    limit: '≤ 60 ms',
    scenario: 'handoff',
    judge: ({ runs }) => {
      const totalMs = spread(runs.ours.map(run => run.totalMs));
      return { shown: `${range(totalMs)} ms`, isMet: totalMs.median <= 60 };
    },
  },
  {
    text: 'one of these hand-offs, p99',
    limit: '≤ 5 ms',
    scenario: 'handoff',
    judge: ({ runs }) => {
      const p99 =
        quantile(
          runs.ours.flatMap(run => run.latenciesUs),
          0.99,
        ) / 1000;
      return { shown: `${number(p99)} ms`, isMet: p99 <= 5 };
    },
  },
  {
    text: '10,000 held: timers armed at once',
    limit: '≤ 1',
    scenario: 'held',
    judge: ({ timers }) => ({ shown: number(timers.ours.holding), isMet: timers.ours.holding <= 1 }),
  },
  {
    text: '10,000 held: heap per lease',
    limit: '≤ 1.5 KB',
    scenario: 'held',
    judge: ofHeld(run => run.heapBytesPerLease / 1024, 1.5, ' KB'),
  },
  {
    text: "10,000 held: CPU per renewal over redis-semaphore's",
    limit: '≤ 0.50',
    scenario: 'held',
    judge: ({ runs }) => {
      const cpu = name => runs[name].map(run => run.cpuUsPerRenewal);
      const measured = ratioSpread(cpu('ours'), cpu('redis-semaphore'));
      return { shown: range(measured, ratio), isMet: measured.median <= 0.5 };
    },
  },
  {
    text: '100,000 held for 5 minutes: leases lost',
    limit: '0',
    scenario: 'held-long',
    judge: ({ run }) => ({ shown: number(run.lost), isMet: run.lost === 0 && run.expired === 0 }),
  },
  {
    text: '100,000 held for 5 minutes: event-loop delay, p99',
    limit: '≤ 30 ms',
    scenario: 'held-long',
    judge: ({ run }) => ({ shown: `${number(run.loopDelayMs.p99)} ms`, isMet: run.loopDelayMs.p99 <= 30 }),
  },
  {
    text: 'commands per hand-off, from the fewest to the most local waiters',
    limit: 'at most 10 % more',
    scenario: 'waiters',
    judge: ({ settings, runs }) => {
      const commands = settings.ours.map(
        count => spread(runs[count].ours.map(run => run.commandsPerHandoff)).median,
      );
      const isMet = commands.at(-1) <= 1.1 * commands[0];
      return { shown: `${ratio(commands[0])} → ${ratio(commands.at(-1))}`, isMet };
    },
  },
  {
    text: 'memory store, one at a time, keys distinct',
    limit: '≥ 300,000 cycles/s',
    scenario: 'memory',
    judge: ({ runs }) => {
      const perS = spread(runs['manager-distinct'].map(run => run.cyclesPerS));
      return { shown: `${range(perS)} cycles/s`, isMet: perS.median >= 300_000 };
    },
  },
  {
    text: 'DynamoDB, per cycle',
    limit: '2 writes, 0 reads',
    scenario: 'dynamodb',
    judge: ({ requests }) => {
      const { writeUnits, readUnits } = requests.ours;
      const shown = `${number(writeUnits)} write units, ${number(readUnits)} read units`;
      return { shown, isMet: writeUnits <= 2 && readUnits === 0 };
    },
  },
];

/** Each target beside what was measured, in Markdown. */
export function targetsTable(results) {
  const rows = TARGETS.map(({ text, limit, scenario, judge }) => {
    const result = results[scenario];
    if (result === undefined) return [text, limit, 'not measured', ''];
    const { shown, isMet } = judge(result.data);
    return [text, limit, shown, isMet ? 'met' : '**missed**'];
  });
  return table(['Ours', 'target', 'measured', ''], rows);
}
