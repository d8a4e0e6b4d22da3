import { describe, expect, it } from '@jest/globals';
import { dynamoDbStore } from '../../../lib/stores/dynamodb/index.js';
import {
  resolveDynamoDbStoreOptions,
  type DynamoDbStoreOptions,
} from '../../../lib/stores/dynamodb/dynamodb-store-options.js';
import { resolveTableOptions } from '../../../lib/stores/dynamodb/table-options.js';
import { silent } from '../../support/fixtures.js';

function problemsOf(options: object): string {
  try {
    dynamoDbStore({ logger: silent, ...options } as DynamoDbStoreOptions);
  } catch (error) {
    expect(error).toMatchObject({ code: 'LOCK_OPTIONS_INVALID' });
    return (error as Error).message;
  }
  throw new Error('nothing was wrong');
}

const client = { send() {}, destroy() {} };
const table = 'locks';

describe('Options of the DynamoDB store', () => {
  it.each([
    [{}, 'table (undefined)'],
    [{ table: 'ab' }, "table ('ab')"],
    [{ table: 'a b c' }, "table ('a b c')"],
    [{ table: 'arn:aws:dynamodb:eu-west-1:12:table/locks' }, "table ('arn:aws"],
    [{ table, tabel: 'x' }, 'tabel is not an option; did you mean table?'],
    [{ table, client, region: 'x' }, 'region must not be given together with client'],
    [{ table, client, endpoint: 'http://a', options: {} }, 'endpoint, options must not be given together'],
    [{ table, client: {} }, 'client must be a DynamoDBClient'],
    [{ table, closeClient: true }, 'closeClient (true) is about client'],
    [{ table, client, closeClient: 'yes' }, "closeClient ('yes')"],
    [{ table, region: '' }, "region ('')"],
    [{ table, region: 5 }, 'region (5)'],
    [{ table, endpoint: 'localhost:8000' }, 'endpoint (localhost:8000)'],
    [{ table, endpoint: 8000 }, 'endpoint (8000)'],
    [{ table, region: 'x', options: { region: 'y' } }, 'region must not be given twice'],
    [{ table, options: 'fast' }, "options ('fast')"],
    [{ table, options: null }, 'options (null)'],
    [{ table, dialect: 'java' }, "dialect ('java') must be 'dynamolock' or 'aws-java'"],
    [{ table, partitionKey: '' }, "partitionKey ('')"],
    [{ table, partitionKey: 5 }, 'partitionKey (5)'],
    [{ table, partitionKey: 'k'.repeat(256) }, 'of 1 to 255 bytes'],
    [
      { table, partitionKey: 'leaseDuration' },
      "partitionKey ('leaseDuration') is the name of another attribute",
    ],
    [{ table, sortKey: 'sort' }, "sortKey ('sort')"],
    [{ table, sortKey: { name: 'sort' } }, 'sortKey.value (undefined)'],
    [{ table, sortKey: { value: 'lock' } }, 'sortKey.name (undefined)'],
    [{ table, sortKey: { name: 'sort', value: '' } }, "sortKey.value ('')"],
    [{ table, sortKey: { name: 'sort', value: '\ud800' } }, 'sortKey.value'],
    [{ table, sortKey: { name: 'sort', value: 'é'.repeat(513) } }, 'sortKey.value'],
    [
      { table, sortKey: { name: 'key', value: 'x' } },
      "sortKey.name ('key') must not be that of the partition key",
    ],
    [{ table, partitionKey: 'id', sortKey: { name: 'id', value: 'x' } }, "sortKey.name ('id') must not be"],
    [{ table, sortKey: { name: 'fencingToken', value: 'x' } }, "sortKey.name ('fencingToken') is the name"],
    [{ table, sortKey: { name: 'sort', value: 'x', vaule: 'y' } }, 'sortKey.vaule is not an option'],
    [{ table, namespace: 5 }, 'namespace (5)'],
    [{ table, namespace: 'é'.repeat(513) }, 'at most 1024 bytes'],
    [{ table, namespace: 'a\udc00' }, 'namespace'],
    [{ table, deleteOnRelease: 1 }, 'deleteOnRelease (1)'],
    [{ table, ownerName: '' }, "ownerName ('')"],
    [{ table, ensureTable: 'yes' }, "ensureTable ('yes')"],
    [{ table, ensureTable: null }, 'ensureTable (null)'],
    [
      { table, ensureTable: { timeOut: '5s' } },
      'ensureTable.timeOut is not an option; did you mean ensureTable.timeout?',
    ],
    [{ table, ensureTable: { timeout: 'soon' } }, "ensureTable.timeout ('soon')"],
    [{ table, ensureTable: { timeout: 10 } }, 'ensureTable.timeout (10)'],
    [{ table, ensureTable: { throughput: 5 } }, 'ensureTable.throughput (5)'],
    [{ table, ensureTable: { throughput: { read: 5 } } }, 'ensureTable.throughput.write (undefined)'],
    [{ table, ensureTable: { throughput: { read: 0, write: 1.5 } } }, 'ensureTable.throughput.read (0)'],
    [{ table, ensureTable: { tags: ['a'] } }, 'ensureTable.tags (["a"])'],
    [{ table, ensureTable: { tags: { 'aws:x': 'y' } } }, "rename 'aws:x'"],
    [{ table, ensureTable: { tags: { x: 5 } } }, 'ensureTable.tags.x (5)'],
  ])('refuses %j', (options, words) => {
    expect(problemsOf(options)).toContain(words);
  });

  it('names everything that is wrong in one error', () => {
    const message = problemsOf({ ownerName: '', sortKey: {}, ensureTable: { timeout: -1 } });
    for (const name of ['table', 'ownerName', 'sortKey.name', 'sortKey.value', 'ensureTable.timeout']) {
      expect(message).toContain(`- ${name} (`);
    }
  });

  it.each([
    { endpoint: 'user:hush@host' },
    { endpoint: 'ftp://user:hush@host' },
    { endpoint: 'ftp://host?key=hush' },
    { region: 5, credentials: { accessKeyId: 'hush', secretAccessKey: 'hush' }, options: 'x' },
    { client, credentials: { accessKeyId: 'hush', secretAccessKey: 'hush' } },
  ])('never tells a secret (%j)', options => {
    expect(problemsOf({ table, ...options })).not.toContain('hush');
  });

  it.each([
    { table: 'a.b_c-9' },
    { table: 'arn:aws:dynamodb:eu-west-1:123456789012:table/locks' },
    { table, client, closeClient: true },
    { table, region: 'eu-west-1', endpoint: 'http://localhost:8000', options: { maxAttempts: 3 } },
    { table, dialect: 'aws-java', partitionKey: 'id', sortKey: { name: 'sort', value: 'lock' } },
    { table, namespace: 'billing/', deleteOnRelease: true, ownerName: 'me' },
    { table, ensureTable: { throughput: { read: 1, write: 2 }, tags: { team: '' }, timeout: '5m' } },
    { table, ensureTable: false },
  ])('accepts %j', async options => {
    await dynamoDbStore({ logger: silent, ...(options as DynamoDbStoreOptions) }).close();
  });

  it('resolves to something complete and frozen', () => {
    expect(resolveDynamoDbStoreOptions({ table })).toEqual({
      table,
      dialect: 'dynamolock',
      partitionKey: 'key',
      namespace: '',
      deleteOnRelease: false,
      makesTable: false,
      tableOptions: { tags: {}, timeoutMs: 60_000 },
    });
    const sortKey = { name: 'sort', value: 'lock' };
    const resolved = resolveDynamoDbStoreOptions({ table, sortKey, ownerName: 'me', dialect: 'aws-java' });
    expect(resolved).toMatchObject({ sortKey, ownerName: 'me', dialect: 'aws-java' });
    sortKey.value = 'other';
    expect(resolved.sortKey!.value).toBe('lock');
    expect([resolved, resolved.sortKey!].every(Object.isFrozen)).toBe(true);
  });

  it('knows whether the table is made, and how', () => {
    const ensured = (ensureTable: DynamoDbStoreOptions['ensureTable']) =>
      resolveDynamoDbStoreOptions({ table, ensureTable });
    expect(ensured(true)).toMatchObject({ makesTable: true, tableOptions: { timeoutMs: 60_000 } });
    expect(ensured({ timeout: '5m' })).toMatchObject({
      makesTable: true,
      tableOptions: { timeoutMs: 300_000 },
    });
    expect(ensured(false)).toMatchObject({ makesTable: false });
  });

  it('tables are made on demand, without tags, and waited for 60 s, unless told otherwise', () => {
    expect(resolveTableOptions({})).toEqual({ tags: {}, timeoutMs: 60_000 });
    expect(() => resolveTableOptions({ timeout: 1 })).toThrow('timeout (1)');
  });
});
