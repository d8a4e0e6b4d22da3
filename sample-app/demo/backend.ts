import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDbOrderRepository } from '../src/orders/dynamodb-order-repository.js';
import type { OrderRepository } from '../src/orders/order-repository.js';
import { RedisOrderRepository } from '../src/orders/redis-order-repository.js';
import { DynamoDbShardLedger } from '../src/shards/dynamodb-shard-ledger.js';
import { RedisShardLedger } from '../src/shards/redis-shard-ledger.js';
import type { ShardLedger } from '../src/shards/shard-ledger.js';
import { HOST, startDynalite, startRedis } from './processes.js';

/** Where all replicas keep leases and orders. */
export interface Backend {
  readonly name: string;
  readonly port: number;
  readonly repository: OrderRepository;
  /** Another client of what the replicas write for their shards. */
  openLedger(): ShardLedger;
  /** How many orders it takes at a time without slowing down. */
  readonly orders: number;
  /** What a replica is told that reaches it at `address`. */
  environment(address: string): NodeJS.ProcessEnv;
}

/** Starts an empty one. */
export const BACKENDS = { redis: startRedisBackend, dynamodb: startDynamoDbBackend };

async function startRedisBackend(): Promise<Backend> {
  const port = await startRedis();
  const url = `redis://${HOST}:${port}`;
  return {
    name: 'Redis',
    port,
    repository: new RedisOrderRepository(url),
    openLedger: () => new RedisShardLedger(url),
    orders: 100,
    environment: address => ({ LOCK_STORE: 'redis', LOCK_REDIS_URL: `redis://${address}` }),
  };
}

async function startDynamoDbBackend(): Promise<Backend> {
  const port = await startDynalite();
  const table = 'demo';
  const client = new DynamoDBClient({
    endpoint: `http://${HOST}:${port}`,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const repository = new DynamoDbOrderRepository(`${table}-orders`, client);
  await repository.onModuleInit();
  return {
    name: 'DynamoDB (dynalite)',
    port,
    repository,
    openLedger: () => new DynamoDbShardLedger(`${table}-shards`, client),
    orders: 30,
    environment: address => ({
      LOCK_STORE: 'dynamodb',
      LOCK_DYNAMODB_TABLE: table,
      LOCK_DYNAMODB_ENDPOINT: `http://${address}`,
      // No push hints: who waits polls
      LOCK_WAIT: '10s',
    }),
  };
}
