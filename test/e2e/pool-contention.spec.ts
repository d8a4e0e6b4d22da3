import { afterEach, expect, it } from '@jest/globals';
import { bundle } from '../support/bundle.mjs';
import { runWorker, type WorkerProcess } from '../support/worker-process.js';
import { machineMs } from './machine-clock.js';
import { freshKey } from './replica.js';
import { violations } from './services.js';

const SLOTS = 8;
/** By process. */
const CONTENDERS = [13, 13, 12, 12];
const RUN_MS = 10_000;
/** Beyond the start of the processes. */
const START_MS = 2000;

interface Hold {
  readonly contender: string;
  readonly slot: number;
  readonly token: number;
  readonly from: number;
  readonly to: number;
  readonly isHeld: boolean;
}

const workers: WorkerProcess[] = [];
afterEach(async () => {
  await Promise.all(workers.splice(0).map(worker => worker.stop()));
});

/** How many hold a slot at the same time, at most. Who begins in the moment in which another ends does not count twice. */
function mostAtOnce(holds: readonly Hold[]): number {
  const changes = holds.flatMap(({ from, to }) => [
    { at: from, by: 1 },
    { at: to, by: -1 },
  ]);
  changes.sort((one, other) => one.at - other.at || one.by - other.by);
  let [holders, most] = [0, 0];
  for (const { by } of changes) most = Math.max(most, (holders += by));
  return most;
}

it('gives 8 slots to 50 contenders in 4 processes, to each in its turn, and never to more than 8 at a time', async () => {
  const script = bundle('test/e2e/workers/pool-contender.ts');
  const env = {
    REDIS_URL: process.env.LOCK_TEST_REDIS_URL!,
    POOL: freshKey(),
    SLOTS: `${SLOTS}`,
    UNTIL: `${machineMs() + START_MS + RUN_MS}`,
  };
  for (const count of CONTENDERS) workers.push(runWorker(script, { ...env, CONTENDERS: `${count}` }));
  await Promise.all(workers.map(worker => worker.line('done', START_MS + RUN_MS + 10_000)));

  const lines = workers.flatMap(worker => worker.lines.filter(line => line.startsWith('hold ')));
  const holds = lines.map(line => JSON.parse(line.slice(5)) as Hold);
  expect(holds.filter(({ isHeld }) => !isHeld)).toEqual([]);
  const most = mostAtOnce(holds);
  expect(most).toBe(SLOTS); // all of them were in use, and no more
  const bySlot = holds.map(hold => ({ ...hold, shard: hold.slot, pid: 0, isKilled: false }));
  expect(violations(bySlot)).toEqual([]);

  const grants = new Map<string, number>();
  for (const { contender } of holds) grants.set(contender, (grants.get(contender) ?? 0) + 1);
  expect(grants.size).toBe(CONTENDERS.reduce((sum, count) => sum + count));
  const [fewest, mostGrants] = [Math.min(...grants.values()), Math.max(...grants.values())];
  console.info(
    `${holds.length} grants, ${most} holders at once at most; ${fewest} to ${mostGrants} grants each`,
  );
}, 40_000);
