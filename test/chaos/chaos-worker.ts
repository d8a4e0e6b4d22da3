/** A worker: contends for all keys without a break, works on the fenced resource under each, and writes down what it holds. */
import { isDistributedLockError } from '../../lib/core/errors.js';
import type { LeaseStore } from '../../lib/core/lease-store.js';
import { SyncManager } from '../../lib/engine/sync-manager.js';
import { dynamoDbStore } from '../../lib/stores/dynamodb/index.js';
import { redisStore } from '../../lib/stores/redis/index.js';
import { createSeededRandom } from '../../lib/testing/seeded-random.js';
import { silent, sleep } from '../support/fixtures.js';
import { FenceClient } from './fence-client.js';
import { HeldWatch } from './held-watch.js';
import { Journal, monotonicMs, type WorkerEntry } from './journal.js';
import { KeyWorker } from './key-worker.js';
import { CREDENTIALS, TABLE, type WorkerOrder, type WorkerSettings } from './worker-settings.js';

const settings = JSON.parse(process.env.SETTINGS!) as WorkerSettings;
const journal = new Journal<WorkerEntry>(settings.journal);
const random = createSeededRandom(settings.seed);
const ending = new AbortController();

function defect(what: string): void {
  journal.write({ kind: 'defect', what, at: monotonicMs() });
}

process.on('unhandledRejection', reason => defect(`unhandled rejection: ${describe(reason)}`));
process.on('uncaughtException', error => defect(`uncaught exception: ${describe(error)}`));
// Whoever started it is gone
process.on('disconnect', () => process.exit());

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function openStore({ store, ttlMs }: WorkerSettings): LeaseStore {
  if (store.type === 'redis')
    return redisStore({ url: store.url, restartGuard: true, maxTtl: ttlMs, logger: silent });
  const { endpoint } = store;
  return dynamoDbStore({ table: TABLE, endpoint, region: 'local', credentials: CREDENTIALS, logger: silent });
}

function block(ms: number, watch: HeldWatch): void {
  const until = monotonicMs() + ms;
  while (monotonicMs() < until);
  // Before any timer has fired
  watch.readAll();
}

const store = openStore(settings);
const pollEvery = store.expiry === 'observed' ? 250 : undefined;
const manager = new SyncManager({ store, ttl: settings.ttlMs, pollEvery, service: settings.worker });
manager.on('listener-error', ({ event, error }) => defect(`listener of ${event}: ${describe(error)}`));
const sparesEnd = random.next() < 0.5;
const watch = new HeldWatch(settings.worker, journal, sparesEnd);
const fence = await FenceClient.connect(settings.fencePort);

process.on('message', (order: WorkerOrder) => {
  if (order.order === 'block') block(order.ms, watch);
  else ending.abort();
});

const rounds = settings.keys.map(async (key, i) => {
  const worker = new KeyWorker(key, { manager, watch, fence, random, ttlMs: settings.ttlMs }, ending.signal);
  while (!ending.signal.aborted) {
    try {
      await (i === 0 ? worker.campaign() : worker.acquireOnce());
    } catch (error) {
      if (ending.signal.aborted) break;
      if (!isDistributedLockError(error)) {
        defect(describe(error));
        break;
      }
      const { code, message } = error;
      journal.write({ kind: 'failed', key, code, message, at: monotonicMs() });
      await sleep(10 + 40 * random.next());
    }
  }
});
await Promise.all(rounds);
await manager.close({ timeoutMs: 2000 });
process.exit();
