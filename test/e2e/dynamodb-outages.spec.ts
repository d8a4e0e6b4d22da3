import { DeleteTableCommand, GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { LockEvents } from '../../lib/core/events.js';
import type { Lease } from '../../lib/core/lease.js';
import { takeOverAfterMs } from '../../lib/core/lease-timing.js';
import { SyncManager } from '../../lib/engine/sync-manager.js';
import { dynamoDbStore, type DynamoDbStoreOptions } from '../../lib/stores/dynamodb/index.js';
import { SDK, sdkClient, start, tableName, type DynamoDbServer } from '../support/dynalite-server.js';
import { freePort, recordingLogger, silent, sleep, until } from '../support/fixtures.js';
import { HttpProxy, type HttpFault } from '../support/http-proxy.js';
import { freshKey } from './replica.js';

const TTL_MS = 2000;
const COMMAND_TIMEOUT_MS = TTL_MS / 5;
const POLL_MS = 200;
/** What a busy machine adds to a few round trips. */
const SLACK_MS = 1000;

const table = tableName();
const tables = [table];
const cleanups: (() => unknown)[] = [];
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
let server: DynamoDbServer;
let direct: DynamoDBClient;
/** Not behind a proxy. */
let other: SyncManager;

beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  server = await start();
  direct = sdkClient(server.endpoint);
  other = manager({ endpoint: server.endpoint });
  await other.open();
});
afterAll(async () => {
  await Promise.all(cleanups.map(cleanup => cleanup()));
  for (const TableName of tables)
    await direct.send(new DeleteTableCommand({ TableName })).catch(() => undefined);
  direct.destroy();
  await server.stop();
  await sleep(20);
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

function manager(options: Partial<DynamoDbStoreOptions>): SyncManager {
  const store = dynamoDbStore({ table, ensureTable: true, logger: silent, ...SDK, ...options });
  const made = new SyncManager({ store, ttl: TTL_MS, pollEvery: POLL_MS });
  cleanups.push(() => made.close({ timeoutMs: 500 }));
  return made;
}

/** A manager, its way to DynamoDB, and what its store logged. */
interface Replica {
  readonly proxy: HttpProxy;
  readonly cut: SyncManager;
  readonly lines: string[];
}

async function replica(): Promise<Replica> {
  const proxy = await HttpProxy.start(server.endpoint);
  cleanups.push(() => proxy.stop());
  const logger = recordingLogger();
  const cut = manager({ endpoint: proxy.endpoint, logger });
  await cut.open();
  return { proxy, cut, lines: logger.lines };
}

const OUTAGE = [/^warn: .* is not reachable/, /^log: .* is reachable again/].map(line =>
  expect.stringMatching(line),
);

const isRelease = (body: any): boolean => body.ExpressionAttributeValues?.[':isReleased'] !== undefined;
const about = (key: string) => (body: any) => body.Key?.key?.S === key;

function listen<E extends keyof LockEvents>(to: SyncManager, event: E): LockEvents[E][] {
  const told: LockEvents[E][] = [];
  to.on(event, each => void told.push(each));
  return told;
}

async function isReleased(key: string): Promise<boolean> {
  const input = { TableName: table, Key: { key: { S: key } }, ConsistentRead: true };
  return (await direct.send(new GetItemCommand(input))).Item?.isReleased !== undefined;
}

/** @returns how long it took another manager to be granted the key */
async function waitOfOther(key: string): Promise<number> {
  const startedAt = performance.now();
  const lease = await other.acquire(key, { wait: '20s' });
  const waitedMs = performance.now() - startedAt;
  await lease.release();
  return waitedMs;
}

/** Nothing is left that outlives one lease, watched from its beginning. */
const ONE_LEASE_MS = takeOverAfterMs(TTL_MS, 0.01) + POLL_MS + SLACK_MS;

const UNAVAILABLE = 'LOCK_STORE_UNAVAILABLE';
const REFUSED = 'LOCK_STORE_REJECTED';

const FAULTS: [string, HttpFault, { code: string; isOutage: boolean }][] = [
  ['503', { kind: 'answer', with: 'unavailable' }, { code: UNAVAILABLE, isOutage: true }],
  [
    'InternalServerError before applying',
    { kind: 'answer', with: 'internal-error' },
    { code: UNAVAILABLE, isOutage: true },
  ],
  [
    'InternalServerError after applying',
    { kind: 'answer', with: 'internal-error', applied: true },
    { code: UNAVAILABLE, isOutage: true },
  ],
  [
    'ProvisionedThroughputExceededException',
    { kind: 'answer', with: 'throttling' },
    { code: REFUSED, isOutage: false },
  ],
  ['RequestLimitExceeded', { kind: 'answer', with: 'request-limit' }, { code: REFUSED, isOutage: false }],
  [
    'ThrottlingException',
    { kind: 'answer', with: 'throttling-exception' },
    { code: REFUSED, isOutage: false },
  ],
  ['connection reset', { kind: 'reset' }, { code: UNAVAILABLE, isOutage: true }],
  [
    'reply after the deadline',
    { kind: 'delay-reply', ms: 2 * COMMAND_TIMEOUT_MS },
    { code: UNAVAILABLE, isOutage: true },
  ],
  [
    'request applied after the deadline',
    { kind: 'delay-request', ms: 2 * COMMAND_TIMEOUT_MS },
    { code: UNAVAILABLE, isOutage: true },
  ],
];

it.concurrent.each(FAULTS)(
  '%s, once to each write: tried again, and the lease is kept',
  async (_, fault, { code }) => {
    const { proxy, cut, lines } = await replica();
    const delays = listen(cut, 'acquire-delayed');
    const renewalFailures = listen(cut, 'renewal-failed');
    const releaseFailures = listen(cut, 'release-failed');
    const losses = listen(cut, 'lost');

    proxy.inject(fault, { operation: 'UpdateItem' });
    const lease = await cut.acquire(freshKey());
    expect(delays[0]).toMatchObject({ reason: 'unavailable', error: { code } });
    proxy.inject(fault, { operation: 'UpdateItem' });
    await sleep(TTL_MS * 1.1);
    expect(renewalFailures[0]).toMatchObject({ error: { code } });
    expect(losses).toEqual([]);
    expect(lease.isHeld).toBe(true);
    proxy.inject(fault, { when: isRelease });
    await lease.release();
    expect(releaseFailures[0]).toMatchObject({ error: { code } });
    expect(await waitOfOther(lease.key)).toBeLessThan(SLACK_MS);
    expect(lines).toEqual([]); // no outage
  },
);

it.concurrent.each(FAULTS)('%s, to all requests: neither held by another nor granted', async (_, fault) => {
  const { proxy, cut } = await replica();
  const key = freshKey();
  proxy.inject(fault, { times: Infinity });
  await expect(cut.tryAcquire(key)).rejects.toMatchObject({ code: UNAVAILABLE });
  await expect(cut.acquire(key, { wait: TTL_MS / 3 })).rejects.toMatchObject({ code: UNAVAILABLE });
  proxy.clearFaults();
  expect(await waitOfOther(key)).toBeLessThan(ONE_LEASE_MS);
});

/** The others are answered as one of these is. */
const LASTING = FAULTS.filter(([name]) => !/after applying|RequestLimit|ThrottlingE/.test(name));

it.concurrent.each(LASTING)(
  '%s, to all requests, twice for 60 %% of a lease: leases are kept, each outage is logged once',
  async (_, fault, { isOutage }) => {
    const { proxy, cut, lines } = await replica();
    const ttl = 2500;
    const timing = { ttl, renewEvery: ttl / 6, commandTimeout: ttl / 6 };
    const leases = await Promise.all([1, 2, 3].map(() => cut.acquire(freshKey(), timing)));
    const losses = listen(cut, 'lost');
    const failures = listen(cut, 'renewal-failed');
    for (const outage of [1, 2]) {
      await Promise.all(leases.map(lease => lease.renew()));
      proxy.inject(fault, { times: Infinity });
      await sleep(ttl * 0.6);
      proxy.clearFaults();
      await sleep(ttl * 0.6);
      expect(failures.length).toBeGreaterThanOrEqual(3 * outage);
    }
    expect(losses).toEqual([]);
    expect(leases.map(lease => lease.isHeld)).toEqual([true, true, true]);
    expect(lines).toEqual(isOutage ? [...OUTAGE, ...OUTAGE] : []);
  },
);

it.concurrent('a renewal that is applied after the next one undoes nothing', async () => {
  const { proxy, cut } = await replica();
  const lease = await cut.acquire(freshKey());
  proxy.inject({ kind: 'delay-request', ms: TTL_MS * 0.6 }, { operation: 'UpdateItem' });
  const late = lease.renew({ ttl: 10 * TTL_MS, data: 'late', attributes: { shard: 1 } });
  await expect(late).rejects.toMatchObject({ code: UNAVAILABLE, sent: true });
  await lease.renew({ data: 'new', attributes: { shard: 2 } });
  const delayed = proxy.seen.find(({ isForwarded }) => !isForwarded)!;
  await until(() => delayed.isForwarded, TTL_MS, 'the delayed renewal');
  await sleep(100);
  expect(await other.inspect(lease.key)).toMatchObject({ data: 'new', attributes: { shard: 2 } });
  expect(lease.isHeld).toBe(true);
  await lease.release();
  expect(await waitOfOther(lease.key)).toBeLessThan(SLACK_MS);
});

/** @returns the key that an acquire holds after the lease that it was for has been released */
async function leftBehind({ proxy, cut }: Replica): Promise<string> {
  const key = freshKey();
  proxy.inject({ kind: 'delay-request', ms: TTL_MS * 0.6 }, { operation: 'UpdateItem' });
  await (await cut.acquire(key)).release();
  expect(await isReleased(key)).toBe(true);
  await until(async () => !(await isReleased(key)), TTL_MS, 'the delayed acquire');
  return key;
}

it.concurrent('an acquire that is applied after its lease was released ends within one lease', async () => {
  expect(await waitOfOther(await leftBehind(await replica()))).toBeLessThan(ONE_LEASE_MS);
});

it.concurrent(
  'an acquire that is applied after its lease was released is released where its own manager sees it',
  async () => {
    const late = await replica();
    const key = await leftBehind(late);
    const startedAt = performance.now();
    await (await late.cut.acquire(key)).release();
    expect(performance.now() - startedAt).toBeLessThan(SLACK_MS);
    expect(await waitOfOther(key)).toBeLessThan(SLACK_MS);
  },
);

it.concurrent(
  'DynamoDB that is down at the start: unavailable, then it makes the table and grants',
  async () => {
    const port = await freePort();
    const name = tableName();
    tables.push(name);
    const logger = recordingLogger();
    const early = manager({ table: name, endpoint: `http://127.0.0.1:${port}`, logger });
    await early.open();
    const leading = early.lock(freshKey()).lock();
    await expect(early.acquire(freshKey(), { wait: 600 })).rejects.toMatchObject({
      code: UNAVAILABLE,
      sent: false,
    });
    await expect(early.tryAcquire(freshKey())).rejects.toMatchObject({ code: UNAVAILABLE, sent: false });
    expect(logger.lines).toEqual(OUTAGE.slice(0, 1));

    const proxy = await HttpProxy.start(server.endpoint, port);
    cleanups.push(() => proxy.stop());
    expect((await leading).isHeld).toBe(true);
    expect(logger.lines).toEqual(OUTAGE);
  },
);

const REPLIES: [string, HttpFault][] = [
  ['comes', { kind: 'delay-reply', ms: COMMAND_TIMEOUT_MS / 2 }],
  ['never comes', { kind: 'drop-reply', then: 'hang' }],
];

it.concurrent.each(REPLIES)('close() while acquiring leaves nothing, when the reply %s', async (_, fault) => {
  const { proxy, cut } = await replica();
  const key = freshKey();
  proxy.inject(fault, { operation: 'UpdateItem' });
  const acquiring = cut.acquire(key).then(
    () => 'granted',
    (error: { code: string }) => error.code,
  );
  await until(async () => (await other.inspect(key)) !== null, TTL_MS, 'the acquire');
  await cut.close({ timeoutMs: 1000 });
  expect(await acquiring).toBe('LOCK_MANAGER_CLOSED');
  expect(await isReleased(key)).toBe(true);
  await until(() => proxy.openConnections === 0, TTL_MS, 'the connections to end');
  const sent = proxy.count();
  await sleep(TTL_MS / 2);
  expect(proxy.count()).toBe(sent);
});

const FAILURES: [string, HttpFault][] = [
  ['is refused', { kind: 'answer', with: 'unavailable' }],
  ['hangs', { kind: 'delay-request', ms: 60_000 }],
];

it.concurrent.each(FAILURES)('close() releases all, although the release of one %s', async (_, fault) => {
  const { proxy, cut } = await replica();
  const keys = Array.from({ length: 5 }, freshKey);
  const leases = await Promise.all(keys.map(key => cut.acquire(key)));
  proxy.inject(fault, { times: Infinity, when: about(keys[2]!) });
  await cut.close({ timeoutMs: 1000 });
  expect(await Promise.all(keys.map(isReleased))).toEqual([true, true, false, true, true]);
  expect(leases.some(({ isHeld }) => isHeld)).toBe(false);
  expect(await waitOfOther(keys[2]!)).toBeLessThan(ONE_LEASE_MS);
});

// After the others, since it takes much of the processor
it('renewals that hang starve no others: more of them than the SDK has sockets by default', async () => {
  const { proxy, cut } = await replica();
  const ttl = 2400;
  const commandTimeout = ttl / 3;
  const acquire = (): Promise<Lease> => cut.acquire(freshKey(), { ttl, commandTimeout, wait: '10s' });
  const losses = listen(cut, 'lost');
  const hung = await Promise.all(Array.from({ length: 60 }, acquire));
  const hungKeys = new Set(hung.map(({ key }) => key));
  proxy.inject(
    { kind: 'delay-request', ms: 60_000 },
    { times: Infinity, when: body => hungKeys.has(body.Key.key.S) },
  );
  const others = await Promise.all(Array.from({ length: 5 }, acquire));
  const failures = listen(cut, 'renewal-failed');
  const renewals = listen(cut, 'renewed');
  await sleep(2 * ttl);
  expect(new Set(losses.map(({ key }) => key))).toEqual(hungKeys);
  expect(losses.map(({ cause }) => cause)).not.toContain('refused');
  expect(failures.filter(({ key }) => !hungKeys.has(key))).toEqual([]);
  for (const { key, isHeld } of others) {
    const waits = renewals.filter(each => each.key === key).map(each => ttl - each.remainingMs);
    expect(isHeld).toBe(true);
    expect(waits.length).toBeGreaterThanOrEqual(4);
    expect(Math.max(...waits)).toBeLessThan(commandTimeout - 150); // for no request that hangs
  }
});
