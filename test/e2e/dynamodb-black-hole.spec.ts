import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lossMarginMs, takeOverAfterMs } from '../../lib/core/lease-timing.js';
import { SyncManager } from '../../lib/engine/sync-manager.js';
import { dynamoDbStore, type DynamoDbStoreOptions } from '../../lib/stores/dynamodb/index.js';
import { SDK, sdkClient, start, tableName, type DynamoDbServer } from '../support/dynalite-server.js';
import { silent, sleep } from '../support/fixtures.js';
import { HttpProxy } from '../support/http-proxy.js';
import { freshKey, loopDelayDuring } from './replica.js';

const TTL_MS = 2000;
const POLL_MS = 100;
const MARGIN_MS = lossMarginMs(TTL_MS, 0.01);
/** What a busy machine adds to a few round trips. */
const SLACK_MS = 1000;

const table = tableName();
const cleanups: (() => unknown)[] = [];
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
let server: DynamoDbServer;

beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  server = await start();
  await manager({ endpoint: server.endpoint }).open();
});
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  const client = sdkClient(server.endpoint);
  await client.send(new DeleteTableCommand({ TableName: table }));
  client.destroy();
  await server.stop();
  await sleep(20);
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

function manager(options: Partial<DynamoDbStoreOptions>): SyncManager {
  const where = options.client === undefined && SDK;
  const store = dynamoDbStore({ table, ensureTable: true, logger: silent, ...where, ...options });
  const made = new SyncManager({ store, ttl: TTL_MS, pollEvery: POLL_MS });
  cleanups.push(() => made.close({ timeoutMs: 300 }));
  return made;
}

const CLIENTS = {
  'our own client': (endpoint: string): Partial<DynamoDbStoreOptions> => ({ endpoint }),
  "the application's default client": (endpoint: string): Partial<DynamoDbStoreOptions> => {
    const client = new DynamoDBClient({ ...SDK, endpoint });
    cleanups.push(() => client.destroy());
    return { client };
  },
};

async function world(
  client: keyof typeof CLIENTS,
): Promise<{ proxy: HttpProxy; holder: SyncManager; healthy: SyncManager }> {
  const proxy = await HttpProxy.start(server.endpoint);
  cleanups.push(() => proxy.stop());
  const holder = manager(CLIENTS[client](proxy.endpoint));
  return { proxy, holder, healthy: manager({ endpoint: server.endpoint }) };
}

describe('a holder whose network is cut', () => {
  const directions = ['both', 'to-server', 'to-client'] as const;
  const clients = Object.keys(CLIENTS) as (keyof typeof CLIENTS)[];
  const cases = directions.flatMap(direction => clients.map(client => [direction, client] as const));

  it.concurrent.each(cases)(
    'knows before another is granted the key, and holds it again after healing: %s, %s',
    async (direction, client) => {
      const { proxy, holder, healthy } = await world(client);
      const key = freshKey();
      const lock = holder.lock(key);
      const first = await lock.lock();
      let abortedAt = Infinity;
      first.signal.addEventListener('abort', () => (abortedAt = performance.now()));
      let losses = 0;
      holder.on('lost', () => losses++);
      let grantedAt = 0;
      let heldWhenGranted = true;
      healthy.on('acquired', () => {
        grantedAt = performance.now();
        heldWhenGranted = first.isHeld;
      });

      // Watches from before the cut, so that it takes over as soon as it may
      const waiting = healthy.acquire(key, { wait: '20s' });
      let cutAt = 0;
      const delayMs = await loopDelayDuring(async () => {
        await sleep(TTL_MS / 2); // so that a renewal has come through
        proxy.blackHole(direction);
        cutAt = performance.now();
        await waiting;
      });
      const successor = await waiting;
      expect(heldWhenGranted).toBe(false);
      expect(losses).toBe(1);
      if (delayMs < MARGIN_MS) expect(abortedAt).toBeLessThan(grantedAt);
      // Where only replies are swallowed, renewals arrive until the holder has lost
      const lastRenewalMs = direction === 'to-client' ? TTL_MS - MARGIN_MS : 0;
      expect(grantedAt - cutAt).toBeLessThan(
        lastRenewalMs + takeOverAfterMs(TTL_MS, 0.01) + POLL_MS + SLACK_MS,
      );

      await sleep(TTL_MS);
      expect(lock.isHeld).toBe(false);
      proxy.heal(direction === 'to-server' ? 'deliver' : 'reset');
      await sleep(TTL_MS / 5);
      expect(await healthy.inspect(key)).toMatchObject({ isHeld: true, owner: successor.owner });
      expect(successor.isHeld).toBe(true);
      await successor.release();
      const again = await lock.lock({ signal: AbortSignal.timeout(5000) });
      expect(again.fencingToken).toBeGreaterThan(successor.fencingToken);
      expect(again.isHeld).toBe(true);
      await lock.release();
    },
  );

  it.concurrent('loses the lease by its own clock even when nobody else wants it', async () => {
    const { proxy, holder } = await world('our own client');
    const lease = await holder.acquire(freshKey());
    proxy.blackHole('to-client');
    await sleep(TTL_MS * 1.5);
    expect(lease.isHeld).toBe(false);
    expect(() => lease.assertHeld()).toThrow(expect.objectContaining({ code: 'LOCK_LOST' }));
  });

  it.concurrent.each(clients)(
    'keeps a lease through a cut that is shorter than its validity: %s',
    async client => {
      const { proxy, holder } = await world(client);
      const lease = await holder.acquire(freshKey());
      proxy.blackHole('both');
      await sleep(TTL_MS * 0.4);
      proxy.heal('reset');
      await sleep(TTL_MS * 1.5);
      expect(lease.isHeld).toBe(true);
      await lease.release();
    },
  );
});
