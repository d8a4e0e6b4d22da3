import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LeaseAttributes, LeaseData } from '../../../lib/core/lease-store.js';
import type { RandomSource } from '../../../lib/core/ports.js';
import { Commands, type RowMatch } from '../../../lib/stores/dynamodb/commands.js';
import type { Item, RowClient } from '../../../lib/stores/dynamodb/row-client.js';
import { ConditionFailed } from '../../../lib/stores/dynamodb/dynamodb-errors.js';
import { createSeededRandom } from '../../../lib/testing/index.js';
import { start, type DynamoDbServer } from '../../support/dynalite-server.js';
import { DynamoDbTable } from '../../support/dynamodb-table.js';
import { call } from '../../support/fixtures.js';
import { HOLDER, openTable, resolved } from './lease-fixtures.js';

const RUNS = 12;
const STEPS = 80;

type Command = (client: RowClient) => Promise<{ Attributes?: Item; Item?: Item; Items?: Item[] }>;

/** Any command of ours on few keys, by few owners, so that they meet. */
function anyCommand(
  commands: Commands,
  random: RandomSource,
  versions: readonly string[],
): [string, Command] {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random.next() * values.length)]!;
  const key = pick(['a', 'ab', 'ü🔒']);
  const owner = pick(['me', 'you', 'a:b']);
  const sequence = pick([0, 1, 2, 3, 10]);
  const fencingToken = pick([101, 102, 103, 104]);
  const sentAt = Math.round(random.next() * 1e6) / 8;
  const seen = pick([...versions, 'foreign']);
  const writes = {
    data: pick<LeaseData | null | undefined>([undefined, null, 'text', '', Uint8Array.of(0, 255)]),
    attributes: pick<LeaseAttributes | undefined>([
      undefined,
      {},
      { n: 1.5, s: 'ä' },
      { yes: true, 'with space': -3, '#x': '' },
    ]),
  };
  const token = pick([undefined, fencingToken, fencingToken]);
  const match: RowMatch = pick([{ owner }, { owner, newerThan: sequence }, { version: seen }]);
  const held = { state: 'held', owner, sequence, sentAt } as const;
  const acquire = {
    key,
    owner,
    ttlMs: pick([50, 20_000]),
    sentAt,
    mustExist: pick([true, false]),
    onlyIfDead: pick([true, false]),
    ...writes,
  };
  const holder = pick([undefined, HOLDER]);
  const observed = pick([undefined, seen]);
  const prefix = pick(['', 'a', 'ab', 'x']);
  const release = { key, owner, fencingToken: token };
  return pick<[string, Command]>([
    ['acquire', c => c.update(commands.acquire({ ...acquire, holder }, 100, observed), call)],
    ['renew', c => c.update(commands.renew({ ...acquire, fencingToken, sequence }), call)],
    ['rearm', c => c.update(commands.rearm(key, seen, held, 1000), call)],
    ['release', c => c.update(commands.release({ ...release, ...writes }, match), call)],
    ['keep', c => c.update(commands.keep({ ...release, ...writes, keepForMs: 500 }, match, 77), call)],
    ['delete', c => c.delete(commands.deleteRow(release), call)],
    ['free', c => c.update(commands.free(key, seen, release), call)],
    ['revoke', c => c.update(commands.revoke(key, seen, { ...held, state: 'revoked', fencingToken }), call)],
    ['get', c => c.get(commands.get(key), call)],
    ['list', c => c.scan(commands.list(prefix, undefined), call)],
  ]);
}

async function answerOf(promise: ReturnType<Command>): Promise<unknown> {
  try {
    const { Attributes, Item, Items } = await promise;
    return { Attributes, Item, Items: Items && sorted(Items) };
  } catch (error) {
    if (error instanceof ConditionFailed) return 'refused';
    throw error;
  }
}

function sorted(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => Buffer.compare(Buffer.from(a.key!.S!), Buffer.from(b.key!.S!)));
}

describe('the table model', () => {
  let server: DynamoDbServer;
  let opened: Awaited<ReturnType<typeof openTable>>;
  beforeAll(async () => {
    server = await start();
    opened = await openTable(server.endpoint);
  });
  afterAll(async () => {
    await opened.drop();
    await server.stop();
  });

  it.each(Array.from({ length: RUNS }, (_, seed) => seed))(
    'answers as a server does, whatever our store sends, run %d',
    async seed => {
      const namespace = `run-${seed}/`;
      const commands = new Commands(
        resolved({ table: opened.table, namespace, dialect: seed % 2 === 0 ? 'dynamolock' : 'aws-java' }),
      );
      const model = new DynamoDbTable({ pageSize: 1000 });
      const counts = { applied: 0, refused: 0 };
      for (let step = 0; step < STEPS; step++) {
        const versions = [...model.rows.values()].map(row => row.recordVersionNumber!.S!);
        const random = createSeededRandom(`${seed}/${step}`);
        const [name, command] = anyCommand(commands, random, versions);
        const [expected, actual] = [
          await answerOf(command(opened.connection)),
          await answerOf(command(model)),
        ];
        expect({ step, name, answer: actual }).toEqual({ step, name, answer: expected });
        counts[expected === 'refused' ? 'refused' : 'applied'] += 1;
        const { Items: rows = [] } = await opened.connection.scan(commands.list('', undefined), call);
        expect({ step, name, rows: sorted([...model.rows.values()]) }).toEqual({
          step,
          name,
          rows: sorted(rows),
        });
      }
      expect(counts.applied).toBeGreaterThan(5);
      expect(counts.refused).toBeGreaterThan(5);
    },
  );

  it('tells of the row that refused a write, unless it plays an emulator', async () => {
    const commands = new Commands(resolved());
    const input = commands.acquire({ key: 'k', owner: 'me', ttlMs: 1000, sentAt: 0 }, 100, undefined);
    for (const tellsOldItem of [true, false]) {
      const model = new DynamoDbTable({ tellsOldItem });
      const { Attributes } = await model.update(input, call);
      const item = tellsOldItem ? Attributes : undefined;
      await expect(model.update(input, call)).rejects.toEqual(new ConditionFailed(item));
      await expect(model.update(input, call)).rejects.toMatchObject({ item });
    }
  });

  it('refuses what the service would: aliases unknown or unused, bounds in the wrong order, paths that overlap', async () => {
    const base = { TableName: 'locks', Key: { key: { S: 'k' } } };
    const names = { '#a': 'a', '#b': 'b' };
    const values = { ':x': { S: 'x' }, ':y': { S: 'y' } };
    const inputs: [string, string, Record<string, string>, Item][] = [
      ['SET #a = :x', 'attribute_not_exists(#b)', names, values],
      ['SET #a = :x, #c = :y', 'attribute_not_exists(#b)', names, values],
      ['SET #a = :x', 'NOT #b BETWEEN :y AND :x', names, values],
      ['SET #a = :x REMOVE #a', 'NOT #b = :y', names, values],
    ];
    for (const [UpdateExpression, ConditionExpression, ExpressionAttributeNames, given] of inputs) {
      const aliases = { ExpressionAttributeNames, ExpressionAttributeValues: given };
      const input = { ...base, UpdateExpression, ConditionExpression, ...aliases };
      await expect(new DynamoDbTable().update(input, call)).rejects.toMatchObject({
        code: 'LOCK_STORE_REJECTED',
      });
      await expect(
        opened.connection.update({ ...input, TableName: opened.table }, call),
      ).rejects.toMatchObject({
        code: 'LOCK_STORE_REJECTED',
      });
    }
  });

  it('shows each row once, page after page', async () => {
    const model = new DynamoDbTable({ pageSize: 7 });
    const keys = Array.from({ length: 50 }, (_, n) => `k${n}`);
    for (const key of keys) model.put({ key: { S: key } });
    const seen: string[] = [];
    let after: Item | undefined;
    do {
      const page = await model.scan(new Commands(resolved()).list('', after), call);
      seen.push(...page.Items!.map(item => item.key!.S!));
      after = page.LastEvaluatedKey;
    } while (after !== undefined);
    expect(seen.sort()).toEqual(keys.sort());
    expect(model.arrived.scans).toBe(8);
  });
});
