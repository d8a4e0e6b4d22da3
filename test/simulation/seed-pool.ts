import { fork, type ChildProcess } from 'node:child_process';
import type { SeedOrder, SeedReport } from './seed-runner.js';

/** Seeds that a process runs before it asks for more. */
const CHUNK = 10;

/** A seed that takes longer than this, in ms of real time, never ends. */
const PATIENCE_MS = 120_000;

export interface SeedRange {
  readonly from: number;
  readonly seeds: number;
  /** Processes that run at the same time. */
  readonly jobs: number;
}

/**
 * Runs a range of seeds in processes of their own.
 * @param runner the bundle of `seed-runner.ts`
 * @param onReport called for each seed; answers whether to go on
 * @throws Error when a process dies or never ends
 */
export async function runSeeds(
  runner: string,
  { from, seeds, jobs }: SeedRange,
  onReport: (report: SeedReport) => boolean,
): Promise<void> {
  const end = from + seeds;
  let next = from;
  let goesOn = true;
  const children = new Set<ChildProcess>();
  const killAll = (): void => children.forEach(child => void child.kill('SIGKILL'));
  process.once('exit', killAll);
  const work = (child: ChildProcess): Promise<void> =>
    new Promise((resolve, reject) => {
      let left = 0;
      let timer: NodeJS.Timeout | undefined;
      let at = 0;
      const fail = (why: string): void => reject(new Error(`${why}: seed ${at}`));
      const watch = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => fail('a seed did not end'), PATIENCE_MS);
      };
      const order = (): void => {
        if (!goesOn || next >= end) return resolve();
        left = Math.min(CHUNK, end - next);
        at = next;
        watch();
        child.send({ from: next, seeds: left } satisfies SeedOrder);
        next += left;
      };
      child.on('message', (report: SeedReport) => {
        at = report.seed + 1;
        watch();
        if (goesOn) goesOn = onReport(report);
        if (!goesOn) return resolve();
        if (--left === 0) order();
      });
      child.on('exit', code => fail(`the process ended with ${code}`));
      child.on('exit', () => clearTimeout(timer));
      order();
    });
  try {
    await Promise.all(
      Array.from({ length: jobs }, () => {
        const child = fork(runner, { execArgv: ['--enable-source-maps', '--max-semi-space-size=64'] });
        children.add(child);
        return work(child);
      }),
    );
  } finally {
    process.off('exit', killAll);
    killAll();
  }
}
