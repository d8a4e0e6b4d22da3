import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isDistributedLockError } from '../../lib/core/errors.js';
import { Commands } from '../../lib/stores/dynamodb/commands.js';
import { ConditionFailed } from '../../lib/stores/dynamodb/dynamodb-errors.js';
import type { Item, RowClient } from '../../lib/stores/dynamodb/row-client.js';
import { resolved, useTable } from '../stores/dynamodb/lease-fixtures.js';
import { DynamoDbTable } from '../support/dynamodb-table.js';
import { call, fresh } from '../support/fixtures.js';
import { runs } from './runs.js';
import { anyRow, tableSteps, type TableStep } from './table-commands.js';

/** What became of a step: the answer, or which kind of refusal it met. */
async function answerOf(step: TableStep, commands: Commands, client: RowClient, versions: readonly string[]) {
  try {
    const { Attributes, Item, Items } = await step.send(commands, client, versions);
    return sameNumbers({ Attributes, Item, Items: Items && sorted(Items) });
  } catch (error) {
    if (error instanceof ConditionFailed) return 'refused';
    if (isDistributedLockError(error)) return error.code;
    throw error;
  }
}

/** A number has many spellings, of which a server picks its own: 1.25e-7 is 0.000000125. */
function sameNumbers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(sameNumbers);
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      name === 'N' && typeof each === 'string' ? Number(each) : sameNumbers(each),
    ]),
  );
}

function sorted(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => (a['key']!.S! < b['key']!.S! ? -1 : 1));
}

describe('the table in this process, whatever our store sends it', () => {
  const opened = useTable();
  const counts: Record<string, number> = {};

  /** Both begin with the same rows, and must agree on every answer and on every row. */
  async function assertSame(
    rows: readonly Item[],
    steps: readonly TableStep[],
    isJava: boolean,
  ): Promise<void> {
    const namespace = `${fresh('steps')}/`;
    const options = resolved({ table: opened.table, namespace, dialect: isJava ? 'aws-java' : 'dynamolock' });
    const commands = new Commands(options);
    const model = new DynamoDbTable({ pageSize: 1000 });
    for (const [n, row] of rows.entries()) {
      const item = { ...row, key: { S: `${namespace}${['a', 'ab', 'a/b'][n]}` } };
      model.put(item);
      await opened.client.send(new PutItemCommand({ TableName: opened.table, Item: item }));
    }
    for (const step of steps) {
      const versions = [...model.rows.values()].map(row => row['recordVersionNumber']?.S ?? 'none');
      const expected = await answerOf(step, commands, opened.connection, versions);
      const actual = await answerOf(step, commands, model, versions);
      expect({ step: step.name, answer: actual }).toEqual({ step: step.name, answer: expected });
      const kind = typeof expected === 'string' ? expected : 'applied';
      counts[kind] = (counts[kind] ?? 0) + 1;
      const { Items = [] } = await opened.connection.scan(commands.list('', undefined), call);
      expect(sameNumbers(sorted([...model.rows.values()]))).toEqual(sameNumbers(sorted(Items)));
    }
    // A scan looks at the rows of other runs, too
    for (const { key } of model.rows.values())
      await opened.client.send(new DeleteItemCommand({ TableName: opened.table, Key: { key: key! } }));
  }

  it('answers as a server does, and keeps the same rows', async () => {
    await fc.assert(
      fc.asyncProperty(tableSteps(50), fc.boolean(), (steps, isJava) => assertSame([], steps, isJava)),
      runs(60),
    );
  }, 60_000);

  it('answers as a server does about rows that anybody else has left', async () => {
    const rows = fc.array(anyRow, { minLength: 1, maxLength: 3 });
    await fc.assert(fc.asyncProperty(rows, tableSteps(12), fc.boolean(), assertSame), runs(100));
    expect(counts['applied']).toBeGreaterThan(200);
    expect(counts['refused']).toBeGreaterThan(200);
  }, 60_000);
});
