import { DeleteTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DistributedLockModule } from '../../lib/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { DynamoDbShardLedger } from '../../sample-app/src/shards/dynamodb-shard-ledger.js';
import { MemoryShardLedger } from '../../sample-app/src/shards/memory-shard-ledger.js';
import { RedisShardLedger } from '../../sample-app/src/shards/redis-shard-ledger.js';
import { ShardLedger, type Tenure } from '../../sample-app/src/shards/shard-ledger.js';
import type { ShardReport } from '../../sample-app/src/shards/shard.service.js';
import {
  sdkClient,
  start as startDynamoDb,
  tableName,
  type DynamoDbServer,
} from '../support/dynalite-server.js';
import { until } from '../support/fixtures.js';
import { startRedisServer, type RedisServer } from '../support/redis-server.js';

const SHARDS = 12;
const table = tableName();
let redis: RedisServer;
let dynamoDb: DynamoDbServer;
let client: DynamoDBClient;
let overRedis: RedisShardLedger;
beforeAll(async () => {
  [redis, dynamoDb] = await Promise.all([startRedisServer(), startDynamoDb()]);
  client = sdkClient(dynamoDb.endpoint);
  overRedis = new RedisShardLedger(redis.url);
});
afterAll(async () => {
  await client.send(new DeleteTableCommand({ TableName: table }));
  client.destroy();
  overRedis.onApplicationShutdown();
  await Promise.all([redis.stop(), dynamoDb.stop()]);
});

const ledgers: [string, () => ShardLedger][] = [
  ['memory', () => new MemoryShardLedger()],
  ['Redis', () => overRedis],
  ['DynamoDB', () => new DynamoDbShardLedger(table, client)],
];

describe.each(ledgers)("the sample app's shards in %s", (_, ledgerOf) => {
  it('refuse writes with a token older than one that the shard has seen, and tell who served when', async () => {
    const ledger = ledgerOf();
    const token = 1_795_225_243_422_001;
    await ledger.write({ shard: 3, token, by: 1, at: 100 });
    await ledger.write({ shard: 3, token, by: 1, at: 250.5 });
    await ledger.write({ shard: 4, token: 7, by: 1, at: 100 });
    await ledger.write({ shard: 3, token: token + 1, by: 2, at: 300 });
    await expect(ledger.write({ shard: 3, token, by: 1, at: 400 })).rejects.toThrow(/newer fencing token/);
    const { accepted, rejected, tenures } = await ledger.account();
    expect([accepted, rejected]).toEqual([4, 1]);
    const sorted = [...tenures].sort((one, other) => one.shard - other.shard || one.token - other.token);
    expect(sorted).toEqual([
      { shard: 3, token, by: 1, from: 100, to: 250.5 },
      { shard: 3, token: token + 1, by: 2, from: 300, to: 300 },
      { shard: 4, token: 7, by: 1, from: 100, to: 100 },
    ]);
  });
});

describe('the sample app, told of shards', () => {
  const apps: INestApplication[] = [];
  afterEach(async () => {
    await Promise.all(apps.splice(0).map(app => app.close()));
  });

  it('shares them out, tells which it serves, and drains them when it is shut down', async () => {
    process.env.SHARDS = `${SHARDS}`;
    // Reads the environment
    const { ShardsModule } = await import('../../sample-app/src/shards/shards.module.js');
    const store = memoryStore();
    const ledger = new MemoryShardLedger();
    for (let n = 0; n < 2; n++) {
      const locks = DistributedLockModule.forRoot({ store, service: 'orders', ttl: '2s' });
      const builder = Test.createTestingModule({ imports: [locks, ShardsModule] });
      const testing = await builder.overrideProvider(ShardLedger).useValue(ledger).compile();
      const app = testing.createNestApplication({ logger: false });
      await app.listen(0, '127.0.0.1');
      apps.push(app);
    }
    const [first, second] = apps as [INestApplication, INestApplication];
    const report = async (app: INestApplication): Promise<ShardReport> =>
      (await (await fetch(`${await app.getUrl()}/shards`)).json()) as ShardReport;
    const serves = (app: INestApplication, count: number) => async (): Promise<boolean> =>
      (await report(app)).serving.length === count;
    await until(serves(first, 6), 5000, 'the first to serve half');
    await until(serves(second, 6), 5000, 'the second to serve the other half');
    const [one, other] = await Promise.all([report(first), report(second)]);
    const served = [...one.serving, ...other.serving].map(({ shard }) => shard);
    expect(served.sort((a, b) => a - b)).toEqual([...Array(SHARDS).keys()]);
    await until(async () => (await report(second)).accepted > 12, 5000, 'writes of the second');

    apps.shift();
    await first.close();
    await until(serves(second, SHARDS), 5000, 'the second to serve all');
    const { rejected, tenures } = await ledger.account();
    expect(rejected).toBe(0);
    for (let shard = 0; shard < SHARDS; shard++) expect(overlaps(tenures, shard)).toBe(false);
  });
});

function overlaps(tenures: readonly Tenure[], shard: number): boolean {
  const own = tenures.filter(tenure => tenure.shard === shard).sort((a, b) => a.token - b.token);
  return own.slice(1).some(({ from }, place) => from < own[place]!.to);
}
