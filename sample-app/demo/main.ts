/** Three replicas of the order service on a real Redis, and what goes wrong in real life: `npm run demo [-- --cut]`. */
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { RedisOrderRepository } from '../src/orders/redis-order-repository.js';
import { printAccount } from './account.js';
import { cutOffLeader, findLeader, killLeader } from './fail-over.js';
import { describeTally, orderIds, payEverywhere } from './payments.js';
import { HOST, startRedis, stopAll } from './processes.js';
import { Replica } from './replica.js';
import { provokeStaleWrites } from './stale-writes.js';

const SETTINGS = { LOCK_TTL: '2s', LOCK_LEADERSHIP_TTL: '2s', GATEWAY_MS: '500', NO_COLOR: '1' };

/** @returns whether everything went as promised */
async function run(isCut: boolean): Promise<boolean> {
  const redisPort = await startRedis();
  const repository = new RedisOrderRepository(`redis://${HOST}:${redisPort}`);
  const names = ['A', 'B', 'C'];
  const replicas = await Promise.all(names.map(name => Replica.start(name, redisPort, SETTINGS)));
  const leader = await findLeader(replicas);
  const [one, other] = replicas.filter(replica => replica !== leader) as [Replica, Replica];
  console.log('Three replicas of the order service on one Redis; leases last 2 s:\n');
  for (const replica of replicas)
    console.log(`   ${replica.describe()}${replica === leader ? ' leads' : ''}`);

  console.log('\n1. Each of 100 orders is to be paid at all three replicas at once');
  const calm = orderIds('calm', 100);
  console.log(`   ${describeTally(await payEverywhere(replicas, calm))}`);

  console.log('\n2. In the middle of payments a replica stops (SIGSTOP) for longer than its leases last');
  const paused: string[] = [];
  for (let staleWrites = 0, attempt = 1; staleWrites === 0 && attempt <= 3; attempt++) {
    const ids = orderIds(`paused-${attempt}`, 5);
    paused.push(...ids);
    staleWrites = await provokeStaleWrites(one, other, ids, repository);
  }

  console.log(`\n3. Amid payments of 100 more orders, the leader ${isCut ? 'is cut off' : 'dies (SIGKILL)'}`);
  const rough = orderIds('rough', 100);
  const payments = payEverywhere(replicas, rough);
  await setTimeout(150);
  let wasToldInTime = true;
  if (isCut) wasToldInTime = await cutOffLeader(leader, [one, other], payments);
  else await killLeader(leader, [one, other]);
  console.log(`   ${describeTally(await payments)}`);

  const isClean = await printAccount(repository, [...calm, ...paused, ...rough]);
  return isClean && wasToldInTime;
}

let ending: Promise<never> | undefined;

/** Ends the demo, and everything that it started. */
function end(exitCode: number): void {
  ending ??= stopAll().then(() => process.exit(exitCode));
}

process.on('SIGINT', () => end(130));
process.on('SIGTERM', () => end(143));
try {
  const { values } = parseArgs({ options: { cut: { type: 'boolean', default: false } } });
  end((await run(values.cut)) ? 0 : 1);
} catch (error) {
  // What fails because everything is being stopped is no news.
  if (ending === undefined) console.error(error instanceof Error ? error.message : error);
  end(1);
}
