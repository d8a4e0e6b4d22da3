import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { pollDelayMs } from '../../lib/core/lease-timing.js';
import { SyncManager } from '../../lib/engine/sync-manager.js';
import { systemRandom } from '../../lib/platform/system-random.js';
import { dynamoDbStore, type DynamoDbStoreOptions } from '../../lib/stores/dynamodb/index.js';
import { SDK, sdkClient, start, tableName, type DynamoDbServer } from '../support/dynalite-server.js';
import { silent, sleep } from '../support/fixtures.js';
import { HttpProxy } from '../support/http-proxy.js';
import { freshKey } from './replica.js';

const POLL_MS = 100;
const WAIT_MS = 1500;

const table = tableName();
let server: DynamoDbServer;
/** What a holder's requests go through, and what those of contenders do. */
let proxies: HttpProxy[];
let managers: SyncManager[];

beforeAll(async () => {
  server = await start();
});
afterAll(async () => {
  const client = sdkClient(server.endpoint);
  await client.send(new DeleteTableCommand({ TableName: table }));
  client.destroy();
  await server.stop();
});
beforeEach(() => {
  proxies = [];
  managers = [];
});
afterEach(async () => {
  await Promise.all(managers.map(manager => manager.close({ timeoutMs: 500 })));
  await Promise.all(proxies.map(proxy => proxy.stop()));
});

/** @returns a manager, what counts its requests, and the chances that it has drawn */
async function counted(options: Partial<DynamoDbStoreOptions> = {}) {
  const proxy = await HttpProxy.start(server.endpoint);
  proxies.push(proxy);
  const where = { endpoint: proxy.endpoint, ...SDK };
  const store = dynamoDbStore({ table, ensureTable: true, logger: silent, ...where, ...options });
  const chances: number[] = [];
  const next = (): number => {
    const chance = systemRandom.next();
    chances.push(chance);
    return chance;
  };
  const random = { next, id: () => systemRandom.id() };
  const manager = new SyncManager({ store, ttl: '30s', pollEvery: POLL_MS }, { random });
  managers.push(manager);
  await manager.open();
  proxy.resetCounts();
  return { manager, proxy, chances };
}

/** Requests by kind; whatever else there was fails the comparison. */
function counts(proxy: HttpProxy): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { operation } of proxy.seen) found[operation] = (found[operation] ?? 0) + 1;
  return found;
}

it('an uncontended cycle takes 2 writes and no read, on a new key and on one that was released', async () => {
  const { manager, proxy } = await counted();
  const lease = await manager.acquire(freshKey());
  expect(counts(proxy)).toEqual({ UpdateItem: 1 });
  await lease.release();
  expect(counts(proxy)).toEqual({ UpdateItem: 2 });
  for (let cycle = 0; cycle < 50; cycle++) await manager.withLock(freshKey(), () => undefined);
  for (let cycle = 0; cycle < 50; cycle++) await manager.withLock(lease.key, () => undefined);
  expect(counts(proxy)).toEqual({ UpdateItem: 202 });
});

it('data and attributes cost no request of their own, nor does deleting the row', async () => {
  const { manager, proxy } = await counted({ deleteOnRelease: true });
  const lease = await manager.acquire(freshKey(), { data: 'first', attributes: { shard: 3 } });
  await lease.release({ data: 'last' });
  expect(counts(proxy)).toEqual({ UpdateItem: 1, DeleteItem: 1 });
});

it('a renewal takes 1 write, by hand and by itself', async () => {
  const { manager, proxy } = await counted();
  const lease = await manager.acquire(freshKey(), { ttl: 600 });
  await lease.renew();
  await lease.renew({ data: 'kept' });
  expect(counts(proxy)).toEqual({ UpdateItem: 3 });
  let renewals = 2;
  manager.on('renewed', () => renewals++);
  await sleep(1300);
  await lease.release();
  expect(renewals).toBeGreaterThanOrEqual(2 + 3);
  expect(counts(proxy)).toEqual({ UpdateItem: 1 + renewals + 1 });
});

it('keeping a key takes 1 write more', async () => {
  const { manager, proxy } = await counted();
  await (await manager.acquire(freshKey(), { holdAtLeast: 200 })).release();
  await sleep(400);
  expect(counts(proxy)).toEqual({ UpdateItem: 3 });
});

/** Contends for a key that stays held, and counts. */
async function contend(waiters: number): Promise<void> {
  const holder = (await counted()).manager;
  const { manager, proxy, chances } = await counted();
  const held = await holder.acquire(freshKey());
  const startedAt = performance.now();
  const waits = Array.from({ length: waiters }, () => manager.acquire(held.key));
  await sleep(WAIT_MS);
  const elapsedMs = performance.now() - startedAt;

  // One write that is refused, which DynamoDB answers with the row; emulators have to be asked for it. Then one read after
  // each pause, and a pause is a full-jitter poll: so many fit as the pauses that were drawn.
  const { UpdateItem: writes, GetItem: reads = 0, ...others } = counts(proxy);
  expect({ writes, others }).toEqual({ writes: 1, others: {} });
  let fitting = 0;
  for (let pausedMs = 0; fitting < chances.length; fitting++) {
    pausedMs += pollDelayMs(fitting, POLL_MS, chances[fitting]!) - 1; // timers may be 1 ms early
    if (pausedMs > elapsedMs) break;
  }
  expect(reads).toBeLessThanOrEqual(1 + fitting);
  // On average a pause is half of pollEvery, which makes 2 · T / pollEvery; the rest is for chance
  expect(reads).toBeLessThanOrEqual(2 + (3.2 * elapsedMs) / POLL_MS);
  expect(reads).toBeGreaterThan(WAIT_MS / POLL_MS / 3);

  await held.release();
  const next = await waits[0]!;
  expect(proxy.count('UpdateItem')).toBe(2);
  await next.release();
  for (const wait of waits.slice(1)) await (await wait).release();
  expect(proxy.count('UpdateItem')).toBe(1 + 2 * waiters);
}

it('one that waits writes once and then reads, at most as often as it polls', () => contend(1));

it('50 that wait in one manager send what one sends', () => contend(50));

it('one that asks again and again without waiting takes 1 read each time', async () => {
  const holder = (await counted()).manager;
  const { manager, proxy } = await counted();
  const held = await holder.acquire(freshKey(), { ttl: 600 });
  expect(await manager.tryAcquire(held.key)).toBeNull(); // takes until a renewal shows that the holder lives
  expect(proxy.count('UpdateItem')).toBe(1);
  proxy.resetCounts();
  for (let attempt = 0; attempt < 10; attempt++) expect(await manager.tryAcquire(held.key)).toBeNull();
  expect(counts(proxy)).toEqual({ GetItem: 10 });
  await held.release();
});
