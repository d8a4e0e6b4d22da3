import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LONE_SURROGATE } from '../../lib/core/keys.js';
import type { LeaseStore } from '../../lib/core/lease-store.js';
import { SyncManager } from '../../lib/index.js';
import { DynamoDbLeaseStore } from '../../lib/stores/dynamodb/dynamodb-lease-store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { redisStore } from '../../lib/stores/redis/index.js';
import { systemClock } from '../../lib/platform/system-clock.js';
import { VirtualClock } from '../../lib/testing/index.js';
import { resolved, useTable } from '../stores/dynamodb/lease-fixtures.js';
import { DynamoDbTable } from '../support/dynamodb-table.js';
import { collect, fresh, silent } from '../support/fixtures.js';
import { anyKey, duration, hostile, mostly, someOf } from './hostile-values.js';
import { moduleWorks, NAMES as names, orNamed } from './or-named.js';
import { runs } from './runs.js';

const timing = {
  ttl: duration,
  renewEvery: fc.oneof(duration, fc.constant(false)),
  wait: fc.oneof(duration, fc.constant(false)),
  pollEvery: duration,
  expiringAfter: duration,
  commandTimeout: duration,
};
const managerOptions = someOf({
  ...timing,
  service: mostly('orders'),
  url: mostly('http://here'),
  driftRate: mostly(0, 0.01, 0.1),
});
const acquireOptions = someOf({
  ...timing,
  data: mostly('text', Uint8Array.of(1), null),
  dataTtl: duration,
  attributes: fc.oneof(
    { weight: 1, arbitrary: hostile },
    { weight: 9, arbitrary: fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), fc.integer()) },
  ),
  mustExist: mostly(true, false),
  holdAtLeast: duration,
  signal: mostly(new AbortController().signal),
});

function isLegal(key: string): boolean {
  return key !== '' && !LONE_SURROGATE.test(key) && Buffer.byteLength(key) <= 1024;
}

/** Acquires `key` if it is legal; then it is listed as it is, and by nothing else. */
async function assertRoundTrips(store: LeaseStore, key: string): Promise<void> {
  const manager = new SyncManager({ store, ttl: '30s', wait: false, renewEvery: false });
  const lease = await orNamed(() => manager.acquire(key, { data: key }), ['key (']);
  expect([key, lease !== undefined]).toEqual([key, isLegal(key)]);
  if (lease === undefined) return;
  const listed = await collect(manager.list(key));
  expect(listed.filter(record => record.key === key)).toMatchObject([
    { isHeld: true, owner: lease.owner, data: key },
  ]);
  expect(await manager.tryAcquire(key)).toBeNull();
  await lease.release({ data: null });
  expect(await manager.inspect(key)).toBeNull();
}

describe('any text for a key', () => {
  const opened = useTable();
  let redis: LeaseStore;
  beforeAll(() => {
    redis = redisStore({ url: process.env.LOCK_TEST_REDIS_URL!, prefix: fresh('keys'), logger: silent });
  });
  afterAll(async () => {
    await redis.close?.();
  });
  const stores: [string, number, () => LeaseStore][] = [
    ['memory', 200, () => memoryStore()],
    ['Redis', 100, () => redis],
    [
      'the table model',
      100,
      () => new DynamoDbLeaseStore(resolved(), { client: new DynamoDbTable(), clock: systemClock }),
    ],
    [
      'DynamoDB',
      40,
      () =>
        new DynamoDbLeaseStore(resolved({ table: opened.table }), {
          client: opened.connection,
          clock: systemClock,
        }),
    ],
  ];

  it.each(stores)(
    'is refused by name, or locked and listed exactly as it is, in %s',
    async (_, count, open) => {
      await fc.assert(
        fc.asyncProperty(anyKey, key => assertRoundTrips(open(), key)),
        runs(count),
      );
    },
  );
});

describe('any value for an option', () => {
  it('of a manager and of an acquisition works or is refused by name', async () => {
    const counts = { worked: 0, refused: 0 };
    const property = fc.asyncProperty(managerOptions, acquireOptions, anyKey, async (own, options, key) => {
      const clock = new VirtualClock();
      const store = memoryStore({ clock });
      const manager = await orNamed(() => new SyncManager({ store, ...own }, { clock }), names);
      if (manager === undefined) return void (counts.refused += 1);
      const all = [...names, 'data', 'dataTtl', 'attributes', 'mustExist', 'holdAtLeast', 'signal', 'key ('];
      const isKnownAbsent = (options as { mustExist?: unknown }).mustExist === true;
      const asked = orNamed(
        () =>
          manager.tryAcquire(key, options).catch((error: { code?: string }) => {
            if (error.code === 'LOCK_KEY_ABSENT' && isKnownAbsent) return undefined;
            throw error;
          }),
        all,
      );
      const lease = await clock.until(asked);
      counts[lease ? 'worked' : 'refused'] += 1;
      if (lease) {
        await clock.until(
          manager.acquire(key, { ...options, wait: 0 }).then(
            () => expect('granted').toBe('held'),
            error => expect(error.code).toMatch(/LOCK_(HELD|TIMEOUT)/),
          ),
        );
        await clock.until(orNamed(() => lease.renew({ ttl: own['ttl'] as never }), all));
        await clock.until(lease.release());
      }
      await clock.until(manager.close());
    });
    await fc.assert(property, runs(300));
    expect(counts.worked).toBeGreaterThan(10);
    expect(counts.refused).toBeGreaterThan(10);
  });

  const storeConfig = fc.oneof(
    fc.constant({ type: 'memory' }),
    hostile,
    someOf({
      type: mostly('memory', 'redis', 'dynamodb'),
      url: mostly('redis://h'),
      table: mostly('locks'),
      region: mostly('eu'),
      prefix: hostile,
      maxTtl: duration,
      restartGuard: hostile,
      dialect: mostly('aws-java'),
      namespace: mostly('n/'),
      sortKey: mostly({ name: 's', value: 'v' }),
      ensureTable: mostly(true, { tags: {} }),
      options: mostly({}),
      client: mostly(),
      singleProcess: mostly(true),
    }),
  );
  const moduleOptions = fc.oneof(
    { weight: 1, arbitrary: hostile },
    {
      weight: 9,
      arbitrary: fc
        .tuple(
          managerOptions,
          storeConfig,
          mostly(false, { ttl: '5s' }, { campaign: 1 }, { key: '' }),
          duration,
        )
        .map(([own, store, leadership, shutdownTimeout]) => ({ ...own, store, leadership, shutdownTimeout })),
    },
  );

  it('of the module works or is refused by name', async () => {
    const counts = { worked: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(moduleOptions, async options => {
        const works = await moduleWorks(options, 'options', 'is not an option');
        counts[works ? 'worked' : 'refused'] += 1;
      }),
      runs(600),
    );
    expect(counts.worked).toBeGreaterThan(10);
    expect(counts.refused).toBeGreaterThan(10);
  });
});
