/**
 * Moves money between accounts, when told to, and tells of each transfer. Balances are read, then written: nothing but the
 * locks keeps two transfers apart.
 */
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncManager } from '../../../lib/engine/sync-manager.js';
import { redisStore } from '../../../lib/stores/redis/index.js';
import { createSeededRandom } from '../../../lib/testing/index.js';

const { REDIS_URL, PREFIX, ACCOUNTS, TRANSFERS, SEED } = process.env;
const store = redisStore({ url: REDIS_URL!, restartGuard: false });
const manager = new SyncManager({ store, ttl: '5s', wait: '20s', service: `transferrer-${SEED}` });
const redis = new Redis(REDIS_URL!);
const random = createSeededRandom(SEED!);
const account = (): number => Math.floor(random.next() * Number(ACCOUNTS));

async function change(key: string, by: number): Promise<void> {
  const balance = Number(await redis.get(key));
  await sleep(random.next() * 3);
  await redis.set(key, balance + by);
}

async function transfer(): Promise<void> {
  const from = account();
  let to = account();
  while (to === from) to = account();
  const cents = 1 + Math.floor(random.next() * 100);
  const [source, target] = [`${PREFIX}:${from}`, `${PREFIX}:${to}`];
  const set = await manager.acquireAll([source, target]);
  await change(`${source}:balance`, -cents);
  await change(`${target}:balance`, cents);
  set.assertHeld();
  await set.release();
  console.log(`transfer ${JSON.stringify({ from, to, cents })}`);
}

await manager.open();
console.log('ready');
await new Promise(resolve => process.once('message', resolve));
// Several at a time in each process, which wait for one another as well.
const lanes = Array.from({ length: 5 }, async () => {
  for (let i = 0; i < Number(TRANSFERS) / 5; i++) await transfer();
});
await Promise.all(lanes);
await manager.close();
await redis.quit();
process.disconnect();
console.log('done');
