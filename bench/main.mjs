/**
 * Measures the library beside raw commands and other libraries: `npm run bench`. Options:
 *
 * `--only cycles,handoff`  only these scenarios; the results of others stay as they are
 * `--rounds 7`             how often each is measured
 * `--long`                 also 100,000 leases for five minutes
 * `--quick`                a smoke run of a minute, which writes no results
 */
import { parseArgs } from 'node:util';
import { install } from './install.mjs';
import { cleanUpAtExit } from './servers/owned-processes.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    quick: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds (${values.rounds}) must be 1 or more`);

cleanUpAtExit();
install();
// Only now is there what it imports
const { runScenarios } = await import('./run-scenarios.mjs');
await runScenarios({ ...values, rounds, only: values.only?.split(',') });
process.exit();
