/**
 * Shows that the simulation finds mistakes: `npm run sim:mutants -- [--seeds N] [--only NAME]`. Each deliberate mistake is
 * compiled into the library, and seeds are run until one breaks a promise. Exit code 1 if a mistake survives them all.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { buildRunner } from './build-runner.js';
import { MUTANTS, type Mutant } from './mutants.js';
import { runSeeds } from './seed-pool.js';
import type { SeedReport } from './seed-runner.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20000' },
    only: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});
const seeds = Number(values.seeds);
const jobs = Number(values.jobs);
if (![seeds, jobs].every(number => Number.isSafeInteger(number) && number > 0))
  throw new Error('--seeds and --jobs must be positive integers');
const chosen = MUTANTS.filter(({ name }) => values.only === undefined || name.includes(values.only));
if (chosen.length === 0) throw new Error(`--only (${values.only}) names no mutant`);

/** @returns the report of the first seed, in the order of their numbers, that breaks a promise */
async function firstToNotice(mutant: Mutant): Promise<SeedReport | null> {
  const seen = new Set<number>();
  let first: SeedReport | null = null;
  await runSeeds(await buildRunner(mutant), { from: 1, seeds, jobs }, report => {
    seen.add(report.seed);
    if (report.violations.length > 0 && (first === null || report.seed < first.seed)) first = report;
    // Others may still run that come before it.
    return (
      first === null || !Array.from({ length: first.seed }, (_, i) => i + 1).every(seed => seen.has(seed))
    );
  });
  return first;
}

console.log('| mutant | the mistake | seeds needed | promise broken |\n|---|---|---:|---|');
let survivors = 0;
for (const mutant of chosen) {
  const killer = await firstToNotice(mutant).catch((error: unknown) => String(error));
  const verdict =
    killer === null
      ? '**none** | survives'
      : typeof killer === 'string'
        ? `? | ${killer}`
        : `${killer.seed} | ${killer.violations[0]!.promise}`;
  if (killer === null || typeof killer === 'string') survivors++;
  console.log(`| ${mutant.name} | ${mutant.mistake} | ${verdict} |`);
}
console.log(`\n${chosen.length - survivors} of ${chosen.length} mutants killed within ${seeds} seeds`);
if (survivors > 0) process.exitCode = 1;
