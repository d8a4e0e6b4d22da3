import { DeleteTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamoDbOrderRepository } from '../../sample-app/src/orders/dynamodb-order-repository.js';
import { MemoryOrderRepository } from '../../sample-app/src/orders/memory-order-repository.js';
import type { OrderRepository } from '../../sample-app/src/orders/order-repository.js';
import type { Payment } from '../../sample-app/src/orders/order.js';
import { RedisOrderRepository } from '../../sample-app/src/orders/redis-order-repository.js';
import {
  sdkClient,
  start as startDynamoDb,
  tableName,
  type DynamoDbServer,
} from '../support/dynalite-server.js';
import { startRedisServer, type RedisServer } from '../support/redis-server.js';

const payment = (orderId: string, receipt: string): Payment => ({ orderId, receipt, paidAt: '', pid: 1 });
const STALE = /newer fencing token/;

const table = tableName();
let redis: RedisServer;
let dynamoDb: DynamoDbServer;
let client: DynamoDBClient;
let overRedis: RedisOrderRepository;
let overDynamoDb: DynamoDbOrderRepository;
beforeAll(async () => {
  [redis, dynamoDb] = await Promise.all([startRedisServer(), startDynamoDb()]);
  client = sdkClient(dynamoDb.endpoint);
  overRedis = new RedisOrderRepository(redis.url);
  overDynamoDb = new DynamoDbOrderRepository(table, client);
  await overDynamoDb.onModuleInit();
});
afterAll(async () => {
  await client.send(new DeleteTableCommand({ TableName: table }));
  overDynamoDb.onApplicationShutdown();
  overRedis.onApplicationShutdown();
  await Promise.all([redis.stop(), dynamoDb.stop()]);
});

const repositories: [string, () => OrderRepository][] = [
  ['memory', () => new MemoryOrderRepository()],
  ['Redis', () => overRedis],
  ['DynamoDB', () => overDynamoDb],
];

describe.each(repositories)("the sample app's orders in %s", (_, repositoryOf) => {
  it('refuse reads and writes with a token older than one seen, and count them', async () => {
    const repository = repositoryOf();
    const before = await repository.refusals();
    expect(await repository.paymentsOf('a', 1_795_225_243_422_001)).toEqual([]);
    await expect(repository.paymentsOf('a', 1_795_225_243_422_000)).rejects.toThrow(STALE);
    await expect(repository.addPayment(payment('a', 'late'), 1_795_225_243_422_000)).rejects.toThrow(STALE);
    await repository.addPayment(payment('a', 'good'), 1_795_225_243_422_001);
    expect((await repository.view('a')).payments.map(({ receipt }) => receipt)).toEqual(['good']);
    const { reads, writes } = await repository.refusals();
    expect([reads - before.reads, writes - before.writes]).toEqual([1, 1]);
  });

  it('have a fence for each order and one for settlement', async () => {
    const repository = repositoryOf();
    await repository.addPayment(payment('b', '1'), 20);
    await repository.addPayment(payment('c', '2'), 10);
    expect((await repository.unsettled(5)).sort()).toEqual(expect.arrayContaining(['b', 'c']));
    await repository.settle(['b'], 5);
    expect((await repository.view('b')).status).toBe('settled');
    expect((await repository.view('c')).status).toBe('paid');
    expect(await repository.unsettled(6)).not.toContain('b');
    await expect(repository.settle(['c'], 5)).rejects.toThrow(STALE);
    expect((await repository.view('c')).status).toBe('paid');
  });

  it('would show a double payment', async () => {
    const repository = repositoryOf();
    await repository.addPayment(payment('d', '1'), 10);
    await repository.addPayment(payment('d', '2'), 11);
    expect((await repository.view('d')).payments).toHaveLength(2);
  });
});
