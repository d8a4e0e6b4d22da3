import type { ShardLedger, Tenure } from '../src/shards/shard-ledger.js';
import { BACKENDS } from './backend.js';
import { until } from './processes.js';
import { Replica } from './replica.js';
import { longestIdle, served, servedByTwo } from './tenures.js';

const SHARDS = 12;
const TTL_MS = 3000;
/** A shard that is handed over waits no longer than that. */
const RENEWAL_MS = TTL_MS / 3;
/** Longest time after a death: the lease and a second; where contenders end leases, a look and the clocks' drift more. */
const TAKE_OVER_MS = { redis: TTL_MS + 1000, dynamodb: TTL_MS + 1000 + 500 + 32 };
const SETTINGS = { LOCK_TTL: `${TTL_MS}`, SHARDS: `${SHARDS}`, NO_COLOR: '1' };

/** @returns whether everything went as promised */
export async function shareOutShards(store: keyof typeof BACKENDS): Promise<boolean> {
  const backend = await BACKENDS[store]();
  const ledger = backend.openLedger();
  const start = (name: string): Promise<Replica> => Replica.start(name, backend, SETTINGS);
  const [a, b, c] = (await Promise.all(['A', 'B', 'C'].map(start))) as [Replica, Replica, Replica];
  console.log(
    `Three replicas share ${SHARDS} shards on one ${backend.name}; leases last ${TTL_MS / 1000} s:\n`,
  );
  await balanced([a, b, c]);
  await printShares([a, b, c]);

  console.log('\n1. B dies (SIGKILL)');
  const killedAt = Date.now();
  b.signal('SIGKILL');
  await balanced([a, c]);
  const takenOver = await served(ledger, killedAt);
  const takeOverMs = Math.max(...takenOver.map(({ from }) => from)) - killedAt;
  await printShares([a, c]);
  console.log(`   after ${takeOverMs} ms; the leases of the dead last ${TTL_MS} ms`);

  console.log('\n2. B is started again');
  const startedAt = Date.now();
  const again = await start('B');
  const upMs = Date.now() - startedAt;
  await balanced([a, again, c]);
  await printShares([a, again, c]);
  const handedOver = await served(ledger, startedAt);
  const returnMs = Math.max(...handedOver.map(({ from }) => from)) - startedAt;
  console.log(`   after ${returnMs} ms, of which it took ${upMs} ms to start`);
  const joinIdleMs = await idleSince(ledger, startedAt, b);
  console.log(`   no shard was idle for longer than ${joinIdleMs} ms`);

  console.log('\n3. C leaves (SIGTERM)');
  const leftAt = Date.now();
  c.signal('SIGTERM');
  await balanced([a, again]);
  await printShares([a, again]);
  const leaveIdleMs = await idleSince(ledger, leftAt, b);
  console.log(`   no shard was idle for longer than ${leaveIdleMs} ms`);

  const isExclusive = await printAccount(ledger);
  const isInTime = takeOverMs <= TAKE_OVER_MS[store] && Math.max(joinIdleMs, leaveIdleMs) <= RENEWAL_MS;
  if (!isInTime) console.log('   This took longer than promised. Is the machine busy?');
  return isExclusive && isInTime;
}

/** Waits until all shards are served, by each replica as many as by the others. */
async function balanced(replicas: readonly Replica[]): Promise<void> {
  await until(`${SHARDS / replicas.length} shards each`, 30_000, async () => {
    const reports = await Promise.all(replicas.map(replica => replica.shards()));
    const shards = new Set(reports.flatMap(({ serving }) => serving.map(({ shard }) => shard)));
    return (
      shards.size === SHARDS && reports.every(({ serving }) => serving.length === SHARDS / replicas.length)
    );
  });
}

async function printShares(replicas: readonly Replica[]): Promise<void> {
  for (const replica of replicas) {
    const { serving } = await replica.shards();
    const shards = serving.map(({ shard }) => shard).sort((one, other) => one - other);
    console.log(`   ${replica.name} (pid ${replica.pid}) serves ${shards.length}: ${shards.join(', ')}`);
  }
}

/** @returns the longest time in ms for which a shard that was handed over since then was idle; the dead hand over nothing */
async function idleSince(ledger: ShardLedger, since: number, dead: Replica): Promise<number> {
  const { tenures } = await ledger.account();
  const isHandOver = (before: Tenure): boolean => before.by !== dead.pid;
  return longestIdle(tenures, (before, after) => after.from >= since && isHandOver(before));
}

/** @returns whether no shard was ever served by two */
async function printAccount(ledger: ShardLedger): Promise<boolean> {
  const { accepted, rejected, tenures } = await ledger.account();
  const doubles = servedByTwo(tenures);
  console.log(`
Account
   ${tenures.length} times a replica got a shard to serve
   writes accepted by the fence: ${accepted}, rejected: ${rejected}
   ${doubles === 0 ? 'no shard was ever served by two' : `shards served by two: ${doubles} times`}`);
  return doubles === 0 && accepted > 0 && rejected === 0;
}
