/**
 * Eight workers on a real store while everything breaks, and an oracle that knows who claimed what:
 * `npm run chaos -- --seconds N --store redis|dynamodb [--seed S]`. Exit code 1 if a promise was broken, or too little done.
 */
import { parseArgs } from 'node:util';
import { ChaosRun, type ChaosOptions } from './chaos-run.js';
import { reportOf } from './report.js';
import { judge } from './verdict.js';

const MIN_SECONDS = 15;

/** @throws Error naming what is wrong */
function optionsFrom(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '30' },
      store: { type: 'string', default: 'redis' },
      seed: { type: 'string', default: Date.now().toString(36) },
    },
  });
  const { store, seed } = values;
  const seconds = Number(values.seconds);
  if (store !== 'redis' && store !== 'dynamodb')
    throw new Error(`--store (${store}) must be redis or dynamodb`);
  if (!(seconds >= MIN_SECONDS))
    throw new Error(`--seconds (${values.seconds}) must be at least ${MIN_SECONDS}`);
  return { store, seconds, seed };
}

// Node 20 is what we support, and the SDK has said so often enough
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
let run: ChaosRun | undefined;
let ending: Promise<void> | undefined;

/** Ends the run, and everything that it started. */
function end(exitCode: number): void {
  ending ??= Promise.resolve(run?.stop()).finally(() => process.exit(exitCode));
}

function fail(error: unknown): void {
  // What fails because everything is being stopped is no news
  if (ending === undefined) {
    console.error(error);
    if (run !== undefined) console.error(`The journals are in ${run.keepJournals()}`);
  }
  end(1);
}

process.on('SIGINT', () => end(130));
process.on('SIGTERM', () => end(143));
process.on('SIGHUP', () => end(129));
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);
try {
  const options = optionsFrom(process.argv.slice(2));
  run = new ChaosRun(options);
  console.log(`chaos on ${options.store} for ${options.seconds} s, seed ${options.seed}`);
  const record = await run.run();
  const verdict = judge(record);
  console.log(reportOf(record, verdict));
  const isClean = verdict.violations.length === 0;
  if (!isClean) console.log(`The journals are in ${run.keepJournals()}`);
  end(isClean ? 0 : 1);
} catch (error) {
  fail(error);
}
