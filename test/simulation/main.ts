/**
 * The simulation of this library: `npm run sim -- --seeds N --from S [--jobs J]`. Each seed is a world of its own. A seed
 * that breaks a promise is replayed with its story by `--seeds 1 --from S`. Exit code 1 if any promise was broken.
 */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { buildRunner } from './build-runner.js';
import { drawPlan } from './plan.js';
import { explain } from './explain.js';
import { runSeeds } from './seed-pool.js';
import type { SeedReport } from './seed-runner.js';
import { simulate } from './simulate.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});
const [seeds, from, jobs] = [values.seeds, values.from, values.jobs].map(Number) as [number, number, number];
if (![seeds, from, jobs].every(number => Number.isSafeInteger(number) && number > 0))
  throw new Error('--seeds, --from and --jobs must be positive integers');

const startedAt = performance.now();
const secondsSoFar = (): string => ((performance.now() - startedAt) / 1000).toFixed(0);
const broken: SeedReport[] = [];
const fingerprints = new Map<number, string>();
const totals: Record<string, number> = {};
await runSeeds(await buildRunner(), { from, seeds, jobs }, report => {
  fingerprints.set(report.seed, report.fingerprint);
  for (const [what, count] of Object.entries(report.counts)) totals[what] = (totals[what] ?? 0) + count;
  if (report.violations.length > 0) broken.push(report);
  if (fingerprints.size % 1000 === 0) console.log(`${fingerprints.size} seeds in ${secondsSoFar()} s`);
  return broken.length < 5;
});

for (const { seed } of broken.slice(0, 1)) console.log(await explain(drawPlan(seed)));
for (const { seed, violations } of broken) {
  const { promise, fact } = violations[0]!;
  console.log(`seed ${seed}: ${promise}: ${fact}`);
}
const ran = [...fingerprints].sort(([a], [b]) => a - b);
const fingerprint = createHash('sha1').update(JSON.stringify(ran)).digest('hex').slice(0, 16);
const { durationMs } = drawPlan(from);
const days = ((fingerprints.size * durationMs) / 86_400_000).toFixed(2);
console.log(
  [
    `${fingerprints.size} seeds from ${from}: ${days} virtual days in ${secondsSoFar()} s on ${jobs} processes`,
    Object.entries(totals)
      .map(([what, count]) => `${what} ${count}`)
      .join(', '),
    `fingerprint ${fingerprint}`,
    `broken promises: ${broken.length === 0 ? 'none' : `in ${broken.length} seeds`}`,
  ].join('\n'),
);

// The same seed twice gives the same; otherwise nothing of this can be replayed.
const again = await simulate(drawPlan(from));
if (again.fingerprint !== fingerprints.get(from)) {
  console.log(`seed ${from} did something else the second time`);
  process.exitCode = 1;
}
if (broken.length > 0 || fingerprints.size < seeds) process.exitCode = 1;
