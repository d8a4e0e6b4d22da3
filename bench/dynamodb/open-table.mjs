import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SyncManager } from 'nestjs-distributed-lock';
import { dynamoDbStore } from 'nestjs-distributed-lock/dynamodb';
import { goDynamolockCycle } from './go-dynamolock-cycle.mjs';

const TABLE = 'bench-locks';
const TTL_MS = 10_000;
const silent = { log() {}, warn() {}, error() {} };

/**
 * Both send through the same client of the SDK, with one attempt for each request.
 *
 * @param {'ours' | 'go'} contender
 * @param {string} endpoint of the emulator
 */
export async function openTable(contender, endpoint) {
  const client = new DynamoDBClient({
    endpoint,
    region: 'local',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    maxAttempts: 1,
  });
  const store = dynamoDbStore({ client, table: TABLE, ensureTable: true, logger: silent });
  const manager = new SyncManager({ store, ttl: TTL_MS });
  await manager.open();
  const oursCycle = async key => {
    const lease = await manager.acquire(key);
    await lease.release();
  };
  return { client, cycle: contender === 'ours' ? oursCycle : goDynamolockCycle(client, TABLE, TTL_MS) };
}
