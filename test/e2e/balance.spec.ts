import { DeleteTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { takeOverAfterMs } from '../../lib/core/lease-timing.js';
import { DynamoDbShardLedger } from '../../sample-app/src/shards/dynamodb-shard-ledger.js';
import { RedisShardLedger } from '../../sample-app/src/shards/redis-shard-ledger.js';
import type { ShardLedger } from '../../sample-app/src/shards/shard-ledger.js';
import {
  sdkClient,
  start as startDynamoDb,
  tableName,
  type DynamoDbServer,
} from '../support/dynalite-server.js';
import { startRedisServer, type RedisServer } from '../support/redis-server.js';
import { idleTimes, violations } from './services.js';
import { ShardFleet } from './shard-fleet.js';

const SHARDS = 12;
const DRIFT_RATE = 0.01;

const table = tableName();
let redis: RedisServer;
let dynamoDb: DynamoDbServer;
let client: DynamoDBClient;
beforeAll(async () => {
  [redis, dynamoDb] = await Promise.all([startRedisServer(), startDynamoDb()]);
  client = sdkClient(dynamoDb.endpoint);
});
afterAll(async () => {
  for (const TableName of [table, `${table}-shards`])
    await client.send(new DeleteTableCommand({ TableName }));
  client.destroy();
  await Promise.all([redis.stop(), dynamoDb.stop()]);
});

interface Backend {
  readonly env: Record<string, string>;
  readonly ledger: ShardLedger & { onApplicationShutdown?(): void };
  readonly ttlMs: number;
  /** From the death of a replica until the others serve its shards. */
  readonly takeOverMs: number;
}

const onRedis = (): Backend => ({
  env: { REDIS_URL: redis.url, WORK_EVERY: '100' },
  ledger: new RedisShardLedger(redis.url),
  ttlMs: 3000,
  takeOverMs: 3000 + 1000,
});
const onDynamoDb = (): Backend => ({
  env: { ENDPOINT: dynamoDb.endpoint, TABLE: table, WORK_EVERY: '400' },
  ledger: new DynamoDbShardLedger(`${table}-shards`, client),
  // On a busy machine the emulator takes 50 ms and more for a look at one slot: twice as long as on Redis, so that it does not matter.
  ttlMs: 6000,
  // Who waits sees the last renewal at its next look, and then waits for as long as a lease lasts by its own clock.
  takeOverMs: takeOverAfterMs(6000, DRIFT_RATE) + 6000 / 6 + 1000,
});

describe.each([
  ['Redis', onRedis],
  ['DynamoDB', onDynamoDb],
])('a pool that processes balance on %s', (name, backendOf) => {
  it('is shared out evenly as they come, die and leave; no shard is served by two, or left lying', async () => {
    const { env, ledger, ttlMs, takeOverMs } = backendOf();
    const fleet = new ShardFleet(SHARDS, { TTL: `${ttlMs}`, POOL: 'shards', ...env });
    try {
      const started = await Promise.all([fleet.start(), fleet.start(), fleet.start()]);
      const [, mortal, leaver] = started.map(({ member }) => member);
      const sharedMs = (await fleet.balanced(15_000)) - Math.max(...started.map(({ joinedAt }) => joinedAt));

      const killedAt = await fleet.kill(mortal!);
      const tookOverMs = (await fleet.balanced(15_000)) - killedAt;
      expect(tookOverMs).toBeLessThanOrEqual(takeOverMs);

      const { joinedAt } = await fleet.start();
      const returnedMs = (await fleet.balanced(15_000)) - joinedAt;

      await fleet.leave(leaver!);
      await fleet.balanced(15_000);

      expect(violations(fleet.services)).toEqual([]);
      const idleMs = Math.max(...idleTimes(fleet.services));
      expect(idleMs).toBeLessThanOrEqual(ttlMs / 3);
      const { accepted, rejected } = await ledger.account();
      expect(rejected).toBe(0);
      expect(accepted).toBeGreaterThan(10 * SHARDS);
      expect(fleet.failures).toEqual([]);
      const figures = { sharedMs, tookOverMs, returnedMs, idleMs };
      const rounded = Object.entries(figures).map(([what, ms]) => `${what} ${Math.round(ms)}`);
      console.info(`${name}: ${rounded.join(', ')}, writes ${accepted}`);
    } finally {
      await fleet.stop();
      ledger.onApplicationShutdown?.();
    }
  }, 90_000);
});
