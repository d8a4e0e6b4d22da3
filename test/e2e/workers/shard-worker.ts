/** Serves its part of a balanced pool: each piece of work is a fenced write. Prints when a shard's work begins and ends. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { setTimeout } from 'node:timers/promises';
import type { SlotLease } from '../../../lib/core/lease.js';
import { SyncManager } from '../../../lib/engine/sync-manager.js';
import { dynamoDbStore } from '../../../lib/stores/dynamodb/index.js';
import { redisStore } from '../../../lib/stores/redis/index.js';
import { DynamoDbShardLedger } from '../../../sample-app/src/shards/dynamodb-shard-ledger.js';
import { RedisShardLedger } from '../../../sample-app/src/shards/redis-shard-ledger.js';
import { silent } from '../../support/fixtures.js';
import { machineMs } from '../machine-clock.js';

const { REDIS_URL, ENDPOINT, TABLE, TTL, POOL, SHARDS, WORK_EVERY } = process.env;
const SDK = { region: 'local', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

function backend() {
  if (REDIS_URL !== undefined)
    return {
      store: redisStore({ url: REDIS_URL, restartGuard: false, logger: silent }),
      ledger: new RedisShardLedger(REDIS_URL),
    };
  const where = { endpoint: ENDPOINT!, ...SDK };
  return {
    store: dynamoDbStore({ table: TABLE!, ensureTable: true, logger: silent, ...where }),
    ledger: new DynamoDbShardLedger(`${TABLE}-shards`, new DynamoDBClient(where)),
  };
}

const { store, ledger } = backend();
const manager = new SyncManager({ store, ttl: Number(TTL) });
await manager.open();
const works = new Map<number, Promise<void>>();

async function work({ slot: shard, fencingToken: token, signal }: SlotLease<number>): Promise<void> {
  console.log(`began ${shard} ${token} ${machineMs()}`);
  while (!signal.aborted) {
    const piece = { shard, token, by: process.pid, at: machineMs() };
    await ledger.write(piece).catch((error: Error) => console.log(`failed ${error.message}`));
    await setTimeout(Number(WORK_EVERY), undefined, { signal }).catch(() => undefined);
  }
  console.log(`ended ${shard} ${token} ${machineMs()} ${(signal.reason as { code: string }).code}`);
}

console.log(`joined ${machineMs()}`);
manager.pool(POOL!, { slots: Number(SHARDS) }).balance({
  onSlotAcquired: lease => void works.set(lease.slot, work(lease)),
  onSlotLost: ({ slot }) => works.get(slot),
});

process.once('SIGTERM', () => void manager.close().then(() => process.exit()));
setInterval(() => undefined, 1000);
