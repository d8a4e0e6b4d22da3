/**
 * Three replicas of the order service on a real Redis, or on an emulated DynamoDB, and what goes wrong in real life:
 * `npm run demo [-- [--cut] [--store dynamodb]]`. With `--shards`, they share out work instead.
 */
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { printAccount } from './account.js';
import { BACKENDS } from './backend.js';
import { cutOffLeader, findLeader, killLeader } from './fail-over.js';
import { describeTally, orderIds, payEverywhere } from './payments.js';
import { stopAll } from './processes.js';
import { Replica } from './replica.js';
import { shareOutShards } from './shards.js';
import { provokeStaleWrites } from './stale-writes.js';

const SETTINGS = { LOCK_TTL: '2s', LOCK_LEADERSHIP_TTL: '2s', GATEWAY_MS: '500', NO_COLOR: '1' };

/** @returns whether everything went as promised */
async function run(store: keyof typeof BACKENDS, isCut: boolean): Promise<boolean> {
  const backend = await BACKENDS[store]();
  const { repository, orders } = backend;
  const names = ['A', 'B', 'C'];
  const replicas = await Promise.all(names.map(name => Replica.start(name, backend, SETTINGS)));
  let leader = await findLeader(replicas);
  const [one, other] = replicas.filter(replica => replica !== leader) as [Replica, Replica];
  console.log(`Three replicas of the order service on one ${backend.name}; leases last 2 s:\n`);
  for (const replica of replicas)
    console.log(`   ${replica.describe()}${replica === leader ? ' leads' : ''}`);

  console.log(`\n1. Each of ${orders} orders is to be paid at all three replicas at once`);
  const calm = orderIds('calm', orders);
  console.log(`   ${describeTally(await payEverywhere(replicas, calm))}`);

  console.log('\n2. In the middle of payments a replica stops (SIGSTOP) for longer than its leases last');
  const paused: string[] = [];
  for (let staleWrites = 0, attempt = 1; staleWrites === 0 && attempt <= 3; attempt++) {
    const ids = orderIds(`paused-${attempt}`, 5);
    paused.push(...ids);
    staleWrites = await provokeStaleWrites(one, other, ids, repository);
  }

  console.log(
    `\n3. Amid payments of ${orders} more orders, the leader ${isCut ? 'is cut off' : 'dies (SIGKILL)'}`,
  );
  // Another, if this machine was too busy for a while
  leader = await findLeader(replicas);
  const followers = replicas.filter(replica => replica !== leader);
  const rough = orderIds('rough', orders);
  const payments = payEverywhere(replicas, rough);
  await setTimeout(150);
  let wasToldInTime = true;
  if (isCut) wasToldInTime = await cutOffLeader(leader, followers, payments);
  else await killLeader(leader, followers);
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
  const { cut, shards, store } = parseArgs({
    options: {
      cut: { type: 'boolean', default: false },
      shards: { type: 'boolean', default: false },
      store: { type: 'string', default: 'redis' },
    },
  }).values;
  if (!(store in BACKENDS))
    throw new Error(`--store (${store}) must be ${Object.keys(BACKENDS).join(' or ')}`);
  const name = store as keyof typeof BACKENDS;
  end((await (shards ? shareOutShards(name) : run(name, cut))) ? 0 : 1);
} catch (error) {
  // What fails because everything is being stopped is no news.
  if (ending === undefined) console.error(error instanceof Error ? error.message : error);
  end(1);
}
