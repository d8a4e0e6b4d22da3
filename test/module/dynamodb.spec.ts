import { DeleteTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SyncManager, type DynamoDbStoreConfig } from '../../lib/index.js';
import { sdkClient, start, tableName, type DynamoDbServer } from '../support/dynalite-server.js';
import { closeAll, startApp } from './support/app.js';

const table = tableName();
let server: DynamoDbServer;
let client: DynamoDBClient;
let store: DynamoDbStoreConfig;

beforeAll(async () => {
  server = await start();
  client = sdkClient(server.endpoint);
  store = { type: 'dynamodb', table, client, ensureTable: true };
});
afterEach(closeAll);
afterAll(async () => {
  await client.send(new DeleteTableCommand({ TableName: table }));
  client.destroy();
  await server.stop();
});

describe('the module on DynamoDB', () => {
  it('makes the table, locks, releases, and leaves the client of the application open', async () => {
    for (let round = 0; round < 2; round++) {
      const app = await startApp({ lock: { store, service: 'orders' } });
      const manager = app.get(SyncManager);
      const lease = await manager.acquire('order:7', { data: `round ${round}` });
      expect((await manager.inspect('order:7'))?.holder?.service).toBe('orders');
      await lease.release();
      expect((await manager.inspect('order:7'))?.isHeld).toBe(false);
      await app.close();
    }
  });

  it('keeps data, attributes and mustExist through the manager', async () => {
    const app = await startApp({ lock: { store } });
    const manager = app.get(SyncManager);
    await expect(manager.acquire('known', { mustExist: true })).rejects.toMatchObject({
      code: 'LOCK_KEY_ABSENT',
    });
    const first = await manager.acquire('known', { data: 'text', attributes: { region: 'eu' } });
    await first.release();
    const second = await manager.acquire('known', { mustExist: true });
    expect(second).toMatchObject({ data: 'text', attributes: { region: 'eu' } });
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken);
    await second.release();
  });
});
