import { describe, expect, it } from '@jest/globals';
import { Commands } from '../../../lib/stores/dynamodb/commands.js';
import type { Item } from '../../../lib/stores/dynamodb/row-client.js';
import { ConditionFailed } from '../../../lib/stores/dynamodb/dynamodb-errors.js';
import { DynamoDbTable } from '../../support/dynamodb-table.js';
import { call } from '../../support/fixtures.js';
import { resolved, useTable } from './lease-fixtures.js';

describe('the table model', () => {
  const opened = useTable();

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
