import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import type { Dialect } from '../../lib/stores/dynamodb/dynamodb-store-options.js';
import { useTable } from '../stores/dynamodb/lease-fixtures.js';
import { ServerRules, type ExpiryRules } from './expiry-rules.js';
import { LeaseModel } from './lease-model.js';
import { ObservedRules } from './observed-rules.js';
import { runs } from './runs.js';
import { storeCommands } from './store-commands.js';
import { StoreWorld, type StoreUnderTest } from './store-world.js';
import { inMemory, onRows, onTableModel, openRedis } from './stores-under-test.js';

const DIALECTS: Dialect[] = ['dynamolock', 'aws-java'];
const MAX_COMMANDS = 60;
const ANSWERS = ['acquire: granted', 'acquire: held', 'acquire: absent', 'renew: renewed', 'renew: not-held'];
ANSWERS.push('release: released', 'release: not-held', 'revoke: boolean', 'list: object');

/** Runs random commands against stores and the model; each kind of answer must have come often. */
async function agree(open: () => StoreUnderTest, rules: () => ExpiryRules, count: number): Promise<void> {
  const tally: Record<string, number> = {};
  const property = fc.asyncProperty(
    storeCommands(MAX_COMMANDS, process.env.MODELS_REPLAY),
    async commands => {
      const world = new StoreWorld(open(), tally);
      await fc.asyncModelRun(() => ({ model: new LeaseModel(rules()), real: world }), commands);
    },
  );
  await fc.assert(property, runs(count));
  if (process.env.MODELS_PATH !== undefined) return;
  for (const kind of ANSWERS) expect([kind, (tally[kind] ?? 0) > count / 10]).toEqual([kind, true]);
}

describe('whatever is asked of it, in any order, the port allows each answer of', () => {
  it('the memory store', () => agree(inMemory, () => new ServerRules(), 300), 60_000);

  describe('the Redis store', () => {
    let client: Redis;
    let redis: Awaited<ReturnType<typeof openRedis>>;
    beforeAll(async () => {
      client = new Redis(process.env.LOCK_TEST_REDIS_URL!);
      redis = await openRedis(process.env.LOCK_TEST_REDIS_URL!, client);
    });
    afterAll(async () => {
      await redis.close();
      client.disconnect();
    });

    it(
      'on a server',
      () =>
        agree(
          () => redis.fresh(),
          () => new ServerRules(),
          100,
        ),
      60_000,
    );
  });

  // Apart from the server's, whose connections would end meanwhile
  describe.each(DIALECTS)('the DynamoDB store in the dialect %s', dialect => {
    it.each([true, false])(
      'on the table model, tellsOldItem: %s',
      tellsOldItem =>
        agree(
          () => onTableModel(dialect, tellsOldItem),
          () => new ObservedRules(),
          100,
        ),
      60_000,
    );
  });

  describe.each(DIALECTS)('the DynamoDB store in the dialect %s', dialect => {
    const opened = useTable();

    it(
      'on a server',
      () =>
        agree(
          () => onRows(opened.connection, opened.table, dialect),
          () => new ObservedRules(),
          30,
        ),
      60_000,
    );
  });
});
