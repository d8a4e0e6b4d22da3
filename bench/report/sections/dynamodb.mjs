import { ratioSpread, spread } from '../../measure/statistics.mjs';
import { number, range, ratio, table } from '../markdown.mjs';

export const title = 'DynamoDB';

const MODE_NAMES = { one: 'one at a time', twenty: '20 concurrent' };

export function method({ settings: { rounds, warmupMs, measureMs, countedCycles } }) {
  return (
    `acquire and release keys that nobody else wants, in dynalite, which runs in a process of its own. Beside ours, the requests that Go ` +
    `dynamolock (v2) sends for that: a consistent read, a conditional put, a conditional update, sent through the same client of the SDK for ` +
    `JavaScript. Requests and units are of ${countedCycles} cycles of a key whose row exists, counted by a middleware of the SDK that asks for the ` +
    `consumed capacity. Speed is mostly that of dynalite. ${warmupMs} ms to warm up, then ${measureMs} ms; ${rounds} rounds in turn.`
  );
}

export function tables({ titles, requests, speed }) {
  const counted = Object.entries(requests).map(([name, { kinds, writeUnits, readUnits }]) => [
    titles[name],
    Object.entries(kinds)
      .map(([kind, perCycle]) => `${number(perCycle)} ${kind}`)
      .join(', '),
    number(writeUnits),
    number(readUnits),
  ]);
  const timed = Object.entries(speed).flatMap(([mode, runs]) =>
    Object.entries(runs).map(([name, ofName]) => [
      `${titles[name]}, ${MODE_NAMES[mode]}`,
      range(spread(ofName.map(run => run.cyclesPerS))),
      range(ratioSpread(perS(ofName), perS(runs.go)), ratio),
      range(spread(ofName.map(run => run.cpuUsPerCycle))),
    ]),
  );
  return [
    table(['per cycle', 'requests', 'write units', 'read units'], counted),
    table(['', 'cycles/s', "over Go's requests", 'CPU, µs per cycle'], timed),
  ].join('\n\n');
}

const perS = runs => runs.map(run => run.cyclesPerS);
