import { DeleteTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { LockEvents } from '../../lib/core/events.js';
import type { Lease } from '../../lib/core/lease.js';
import { lossMarginMs, takeOverAfterMs } from '../../lib/core/lease-timing.js';
import { SyncManager } from '../../lib/engine/sync-manager.js';
import {
  dynamoDbStore,
  type DynamoDbStore,
  type DynamoDbStoreOptions,
} from '../../lib/stores/dynamodb/index.js';
import { SDK, sdkClient, start, tableName, type DynamoDbServer } from '../support/dynalite-server.js';
import { silent, sleep } from '../support/fixtures.js';
import { HttpProxy } from '../support/http-proxy.js';
import { freshKey } from './replica.js';

const TTL_MS = 2000;
const POLL_MS = 200;
/** What a busy machine adds to a few round trips. */
const SLACK_MS = 1000;

/** How a reply is lost, and on whose client. */
const LINKS = [
  { name: 'reset', then: 'reset', isBorrowed: false },
  { name: 'swallowed', then: 'hang', isBorrowed: false },
  { name: 'reset, and sent again by the SDK of a borrowed client', then: 'reset', isBorrowed: true },
] as const;
type Link = (typeof LINKS)[number];

const table = tableName();
const tables = [table];
const managers: SyncManager[] = [];
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
let server: DynamoDbServer;
let proxy: HttpProxy;
let direct: DynamoDBClient;
let borrowed: DynamoDBClient;
/** Not behind the proxy. */
let other: SyncManager;
/** Behind it. */
const cuts = new Map<Link, SyncManager>();
const cutBy = (link: Link): SyncManager => cuts.get(link)!;

beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  server = await start();
  proxy = await HttpProxy.start(server.endpoint);
  direct = sdkClient(server.endpoint);
  borrowed = new DynamoDBClient({ ...SDK, endpoint: proxy.endpoint, maxAttempts: 3 });
  other = manager({ endpoint: server.endpoint });
  await other.open();
  for (const link of LINKS) {
    cuts.set(link, manager(clientOf(link)));
    await cutBy(link).withLock(freshKey(), () => undefined); // connected
  }
});
afterAll(async () => {
  await Promise.all(managers.map(each => each.close({ timeoutMs: 500 })));
  for (const TableName of tables)
    await direct.send(new DeleteTableCommand({ TableName })).catch(() => undefined);
  borrowed.destroy();
  direct.destroy();
  await proxy.stop();
  await server.stop();
  await sleep(20);
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

function store(options: Partial<DynamoDbStoreOptions>): DynamoDbStore {
  const where = options.client === undefined && SDK;
  return dynamoDbStore({ table, ensureTable: true, logger: silent, ...where, ...options });
}

function manager(options: Partial<DynamoDbStoreOptions>): SyncManager {
  const made = new SyncManager({ store: store(options), ttl: TTL_MS, pollEvery: POLL_MS });
  managers.push(made);
  return made;
}

function clientOf({ isBorrowed }: Link): Partial<DynamoDbStoreOptions> {
  return isBorrowed ? { client: borrowed } : { endpoint: proxy.endpoint };
}

const anyBody = (_: any): boolean => true;
const isTakeOver = (body: any): boolean => body.ExpressionAttributeValues[':observed'] !== undefined;

/** Loses the reply to the next request of this operation about a key. @returns when the proxy got the request */
function loseReply(
  { then }: Pick<Link, 'then'>,
  key: string,
  { operation = 'UpdateItem', when = anyBody } = {},
): Promise<number> {
  return new Promise(struck => {
    const isIt = (body: any): boolean => body.Key?.key?.S === key && when(body);
    proxy.inject(
      { kind: 'drop-reply', then },
      { operation, when: body => isIt(body) && (struck(performance.now()), true) },
    );
  });
}

async function row(key: string): Promise<Record<string, any> | undefined> {
  const input = { TableName: table, Key: { key: { S: key } }, ConsistentRead: true };
  return (await direct.send(new GetItemCommand(input))).Item;
}

/** What a manager tells of a key from now on. */
function listen<E extends keyof LockEvents>(to: SyncManager, event: E, key: string): LockEvents[E][] {
  const told: LockEvents[E][] = [];
  to.on(event, each => void ((each as { key?: string }).key === key && told.push(each)));
  return told;
}

/** Somebody who wants the key all the time. */
interface Rival {
  grantedAt: number;
  /** Whether anybody else's lease was held when it was granted. */
  overlaps: boolean;
  readonly lease: Promise<Lease>;
}

function rivalOf(lease: Lease, by = other): Rival {
  const wait = by.acquire(lease.key, { wait: '20s' });
  const rival: Rival = { grantedAt: Infinity, overlaps: false, lease: wait };
  const granted = (): void => {
    rival.grantedAt = performance.now();
    rival.overlaps = lease.isHeld;
  };
  wait.then(granted, () => undefined);
  return rival;
}

/** The lease is held for longer than any one request of it lasts, and is then passed on at once. */
async function staysHeld(lease: Lease): Promise<void> {
  const rival = rivalOf(lease);
  await sleep(takeOverAfterMs(TTL_MS, 0.01) + POLL_MS);
  expect(lease.isHeld).toBe(true);
  expect(rival.grantedAt).toBe(Infinity);
  const releasedAt = performance.now();
  await lease.release();
  await isPassedOn(rival, lease, releasedAt);
}

async function isPassedOn(rival: Rival, from: Lease, sinceMs: number, withinMs = 0): Promise<void> {
  const next = await rival.lease;
  expect(next.fencingToken).toBeGreaterThan(from.fencingToken);
  expect(rival.overlaps).toBe(false);
  expect(rival.grantedAt - sinceMs).toBeLessThan(withinMs + POLL_MS + SLACK_MS);
  await next.release();
}

/** Acquires the key, and loses the reply to the first request for which `when` holds. */
async function isGrantedOnce(link: Link, key: string, when = anyBody): Promise<void> {
  const cut = cutBy(link);
  const delays = listen(cut, 'acquire-delayed', key);
  const struck = loseReply(link, key, { when });
  const lease = await cut.acquire(key);
  const remainingMs = lease.remainingMs;
  const ageMs = performance.now() - (await struck);
  const { recordVersionNumber, fencingToken } = (await row(key))!;
  const sentAt = Number(recordVersionNumber.S.split(':')[2]);

  expect(sentAt).toBeLessThanOrEqual(await struck);
  expect(remainingMs).toBeLessThanOrEqual(TTL_MS - lossMarginMs(TTL_MS, 0.01) - ageMs);
  expect(Number(fencingToken.N)).toBe(lease.fencingToken);
  const attempts = proxy.seen.flatMap(({ operation, body }) =>
    operation === 'UpdateItem' && body.Key.key.S === key && when(body)
      ? [body.ExpressionAttributeValues[':recordVersionNumber'].S]
      : [],
  );
  expect(attempts.length).toBeGreaterThan(1);
  expect(attempts[0]).toBe(recordVersionNumber.S);
  expect(attempts[1] === attempts[0]).toBe(link.isBorrowed);
  if (!link.isBorrowed) expect(delays[0]).toMatchObject({ error: { code: 'LOCK_STORE_UNAVAILABLE' } });
  await staysHeld(lease);
}

it.concurrent.each(LINKS)(
  'acquire of a key without a row, its reply $name: granted once, as of the first attempt',
  async link => {
    await isGrantedOnce(link, freshKey());
  },
);

it.concurrent.each(LINKS)(
  'acquire of a released row, its reply $name: granted once, as of the first attempt',
  async link => {
    const key = freshKey();
    await (await other.acquire(key)).release();
    await isGrantedOnce(link, key);
  },
);

it.concurrent.each(LINKS)(
  'take-over from a dead holder, its reply $name: granted once, as of the first attempt',
  async link => {
    const key = freshKey();
    const lease = {
      ownerName: { S: 'dead' },
      leaseDuration: { S: '300ms' },
      recordVersionNumber: { S: '1' },
    };
    await direct.send(new PutItemCommand({ TableName: table, Item: { key: { S: key }, ...lease } }));
    await isGrantedOnce(link, key, isTakeOver);
  },
);

it.concurrent.each(LINKS)('renewal, its reply $name: the lease is kept', async link => {
  const cut = cutBy(link);
  const key = freshKey();
  const lease = await cut.acquire(key);
  const failures = listen(cut, 'renewal-failed', key);
  const losses = listen(cut, 'lost', key);
  const struck = await loseReply(link, key);
  if (link.isBorrowed) {
    const remainingMs = await new Promise<number>(resolve =>
      cut.on('renewed', renewed => renewed.key === key && resolve(renewed.remainingMs)),
    );
    expect(remainingMs).toBeLessThanOrEqual(TTL_MS - (performance.now() - struck));
  }
  await staysHeld(lease);
  expect(losses).toEqual([]);
  if (!link.isBorrowed) expect(failures[0]).toMatchObject({ error: { sent: true } });
});

it.concurrent.each(LINKS)(
  'renewal with data, its reply $name: the lease is kept, and the data',
  async link => {
    const cut = cutBy(link);
    const key = freshKey();
    const lease = await cut.acquire(key);
    const struck = loseReply(link, key);
    const renewed = lease.renew({ data: 'first', attributes: { shard: 3 } });
    if (link.isBorrowed) {
      await renewed;
      expect(lease.data).toBe('first');
    } else {
      await expect(renewed).rejects.toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
    }
    await struck;
    expect(await other.inspect(key)).toMatchObject({ data: 'first', attributes: { shard: 3 } });
    await lease.renew({ data: 'second' });
    expect(await other.inspect(key)).toMatchObject({ data: 'second', attributes: { shard: 3 } });
    await staysHeld(lease);
  },
);

it.concurrent.each(LINKS)('release, its reply $name: the key is free at once', async link => {
  const cut = cutBy(link);
  const lease = await cut.acquire(freshKey());
  const rival = rivalOf(lease);
  const struck = loseReply(link, lease.key);
  await lease.release();
  await isPassedOn(rival, lease, await struck);
});

it.concurrent.each(LINKS)(
  'release with data, its reply $name: the key is free at once, with the data',
  async link => {
    const cut = cutBy(link);
    const lease = await cut.acquire(freshKey());
    const rival = rivalOf(lease);
    const struck = loseReply(link, lease.key);
    await lease.release({ data: 'last' });
    expect((await rival.lease).data).toBe('last');
    await isPassedOn(rival, lease, await struck);
  },
);

it.concurrent.each(LINKS)(
  'release that deletes the row, its reply $name: the key is free at once, and tokens grow',
  async link => {
    const deleting = manager({ ...clientOf(link), deleteOnRelease: true });
    const lease = await deleting.acquire(freshKey());
    const rival = rivalOf(lease, manager({ endpoint: server.endpoint })); // one that has seen no token
    const struck = loseReply(link, lease.key, { operation: 'DeleteItem' });
    await lease.release();
    await isPassedOn(rival, lease, await struck);
  },
);

it.concurrent.each(LINKS)(
  'release that keeps the key, its reply $name: kept for as long as asked, and no longer',
  async link => {
    const cut = cutBy(link);
    const askedAt = performance.now();
    const holdMs = TTL_MS * 0.8;
    const lease = await cut.acquire(freshKey(), { holdAtLeast: holdMs });
    const struck = loseReply(link, lease.key);
    await lease.release();
    await struck;
    // Too late to have seen it kept for as long as it says
    await sleep(askedAt + holdMs * 0.8 - performance.now());
    const rival = rivalOf(lease);
    await isPassedOn(rival, lease, askedAt, holdMs);
    expect(rival.grantedAt - askedAt).toBeGreaterThan(holdMs);
  },
);

it.concurrent.each(LINKS)(
  'the second release, of a key that was kept, its reply $name: free at once',
  async link => {
    const cut = cutBy(link);
    const lease = await cut.acquire(freshKey(), { holdAtLeast: TTL_MS * 0.8 });
    await lease.release();
    const struck = await loseReply(link, lease.key);
    await isPassedOn(rivalOf(lease), lease, struck);
  },
);

it.concurrent.each(LINKS)(
  'revoke, its reply $name: the holder knows, then the key is free, one lease later',
  async link => {
    const cut = cutBy(link);
    const lease = await other.acquire(freshKey());
    const losses = listen(other, 'lost', lease.key);
    const rival = rivalOf(lease, cut);
    await sleep(POLL_MS);
    const struck = loseReply(link, lease.key);
    const revoked = cut.revoke(lease.key);
    if (link.isBorrowed) expect(await revoked).toBe(true);
    else await expect(revoked).rejects.toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
    await isPassedOn(rival, lease, await struck, takeOverAfterMs(TTL_MS, 0.01));
    expect(losses).toMatchObject([{ cause: 'refused' }]);
  },
);

it.concurrent.each(LINKS)(
  'forced revoke, its reply $name: the key is free at once, and the holder learns it at its renewal',
  async link => {
    const cut = cutBy(link);
    const lease = await other.acquire(freshKey());
    const losses = listen(other, 'lost', lease.key);
    const struck = loseReply(link, lease.key);
    const revoked = cut.revoke(lease.key, { force: true });
    if (link.isBorrowed) expect(await revoked).toBe(true);
    else await expect(revoked).rejects.toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
    await struck;
    const next = await cut.acquire(lease.key, { wait: POLL_MS + SLACK_MS });
    expect(next.fencingToken).toBeGreaterThan(lease.fencingToken);
    await sleep(TTL_MS / 3 + SLACK_MS);
    expect(losses).toMatchObject([{ cause: 'refused' }]);
    expect(next.isHeld).toBe(true);
    await next.release();
  },
);

/** Loses the reply that a new table has been made. @returns its name */
function tableWithLostReply({ then }: Link): string {
  const name = tableName();
  tables.push(name);
  const scope = { operation: 'CreateTable', when: (body: any) => body.TableName === name };
  proxy.inject({ kind: 'drop-reply', then }, scope);
  return name;
}

it.concurrent.each(LINKS)('ensureTable(), its reply $name: the table is there', async link => {
  const made = store({ ...clientOf(link), table: tableWithLostReply(link) });
  await made.ensureTable();
  expect(await made.tableExists()).toBe(true);
  await made.close();
});

it.concurrent.each(LINKS)(
  'createTable(), its reply $name: never "exists already", of the table that it has just made',
  async link => {
    const made = store({ ...clientOf(link), table: tableWithLostReply(link) });
    const creating = made.createTable();
    if (link.isBorrowed) await creating;
    else await expect(creating).rejects.toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
    expect(await made.tableExists()).toBe(true);
    await made.close();
  },
);

it.concurrent('an acquire given up on its way is released, not kept for a lease', async () => {
  const cut = manager({ endpoint: proxy.endpoint });
  const key = freshKey();
  const controller = new AbortController();
  const struck = loseReply({ then: 'hang' }, key);
  const acquiring = cut.acquire(key, { signal: controller.signal });
  await struck;
  await sleep(50);
  controller.abort(new Error('enough'));
  await expect(acquiring).rejects.toThrow('enough');
  const next = await other.acquire(key, { wait: TTL_MS / 5 + SLACK_MS });
  await next.release();
});

it.concurrent(
  'an acquire given up on its way ends within one lease, although no release comes through',
  async () => {
    const own = await HttpProxy.start(server.endpoint);
    const cut = manager({ endpoint: own.endpoint });
    const key = freshKey();
    await cut.withLock(freshKey(), () => undefined); // connected
    own.blackHole('to-client');
    const controller = new AbortController();
    const acquiring = cut.acquire(key, { signal: controller.signal });
    while ((await row(key)) === undefined) await sleep(5);
    own.blackHole('both');
    controller.abort(new Error('enough'));
    await expect(acquiring).rejects.toThrow('enough');
    const startedAt = performance.now();
    const next = await other.acquire(key, { wait: '20s' });
    const waitedMs = performance.now() - startedAt;
    expect(waitedMs).toBeLessThan(takeOverAfterMs(TTL_MS, 0.01) + POLL_MS + SLACK_MS);
    await next.release();
    await own.stop();
  },
);
