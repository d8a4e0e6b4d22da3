import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Lease } from '../../lib/core/lease.js';
import { SyncManager } from '../../lib/engine/sync-manager.js';
import { dynamoDbStore } from '../../lib/stores/dynamodb/index.js';
import { SDK, sdkClient, start, tableName, type DynamoDbServer } from '../support/dynalite-server.js';
import { silent, sleep } from '../support/fixtures.js';
import { freshKey, unhandledRejectionsDuring } from './replica.js';

const KEYS = 10;
const CONTENDERS = 50;
const SECTIONS = 1000;

const table = tableName();
let server: DynamoDbServer;
let managers: SyncManager[];

beforeAll(async () => {
  server = await start();
  managers = await Promise.all(
    [1, 2].map(async () => {
      const where = { endpoint: server.endpoint, ...SDK };
      const store = dynamoDbStore({ table, ...where, ensureTable: true, logger: silent });
      const manager = new SyncManager({ store, ttl: '10s', wait: '60s', pollEvery: 20 });
      await manager.open();
      return manager;
    }),
  );
});
afterAll(async () => {
  await Promise.all(managers.map(manager => manager.close({ timeoutMs: 500 })));
  const client = sdkClient(server.endpoint);
  await client.send(new DeleteTableCommand({ TableName: table }));
  client.destroy();
  await server.stop();
});

/** Takes the newest token only, and knows nothing of locks. */
class FencedCounter {
  value = 0;
  /** How often another manager came than before. */
  handovers = 0;
  readonly violations: string[] = [];
  private newestToken = 0;
  private inside = 0;
  private last: unknown;

  /** Reads, thinks, writes: whoever comes between loses a count. */
  async increment({ fencingToken }: Lease, by: SyncManager): Promise<void> {
    if (this.last !== by) this.handovers += 1;
    this.last = by;
    if (fencingToken <= this.newestToken) this.violations.push(`${fencingToken} after ${this.newestToken}`);
    this.newestToken = fencingToken;
    this.inside += 1;
    if (this.inside > 1) this.violations.push(`${this.inside} at the same time`);
    const seen = this.value;
    await sleep(Math.random() * 20);
    this.value = seen + 1;
    this.inside -= 1;
  }
}

it('counts exactly: 2 managers, 50 contenders, 10 keys, 1,000 critical sections', async () => {
  const counters = new Map(Array.from({ length: KEYS }, () => [freshKey(), new FencedCounter()]));
  const contend = async (n: number): Promise<void> => {
    const [key, counter] = [...counters][n % KEYS]!;
    const manager = managers[Math.floor(n / KEYS) % 2]!;
    let tookMs = 20;
    for (let section = 0; section < SECTIONS / CONTENDERS; section++) {
      // However slow the machine: or its manager would hand the key on to its own, and never to the other's
      await sleep(Math.random() * 5 * tookMs);
      let heldAtMs = 0;
      await manager.withLock(key, lease => {
        heldAtMs = performance.now();
        return counter.increment(lease, manager);
      });
      tookMs = performance.now() - heldAtMs;
    }
  };

  const rejections = await unhandledRejectionsDuring(async () => {
    await Promise.all(Array.from({ length: CONTENDERS }, (_, n) => contend(n)));
  });
  expect([...counters.values()].flatMap(({ violations }) => violations)).toEqual([]);
  expect([...counters.values()].map(({ value }) => value)).toEqual(Array(KEYS).fill(SECTIONS / KEYS));
  const handovers = [...counters.values()].reduce((sum, counter) => sum + counter.handovers, 0);
  expect(handovers).toBeGreaterThan(3 * KEYS); // they did contend
  expect(rejections).toEqual([]);
});
