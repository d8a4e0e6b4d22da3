import type { Redis } from 'ioredis';
import { DynamoDbLeaseStore } from '../../lib/stores/dynamodb/dynamodb-lease-store.js';
import type { Dialect } from '../../lib/stores/dynamodb/dynamodb-store-options.js';
import type { RowClient } from '../../lib/stores/dynamodb/row-client.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { redisStore } from '../../lib/stores/redis/index.js';
import { VirtualClock } from '../../lib/testing/index.js';
import { resolved } from '../stores/dynamodb/lease-fixtures.js';
import { DynamoDbTable } from '../support/dynamodb-table.js';
import { fresh, silent, until } from '../support/fixtures.js';
import type { StoreUnderTest } from './store-world.js';

/** A new store in memory, on a clock of its own. */
export function inMemory(): StoreUnderTest {
  const clock = new VirtualClock();
  const store = memoryStore({ clock });
  return { handles: [store], prefix: '', ...timeOf(clock) };
}

/** Two contenders on rows of their own, each with a memory of what it has seen, on one virtual clock. */
export function onRows(client: RowClient, table: string, dialect: Dialect): StoreUnderTest {
  const clock = new VirtualClock();
  const open = () => new DynamoDbLeaseStore(resolved({ table, dialect }), { client, clock });
  return { handles: [open(), open()], prefix: `${fresh('run')}/`, ...timeOf(clock) };
}

/** As {@link onRows}, in a new table in this process; as an emulator, it does not tell of the row that refuses a write. */
export function onTableModel(dialect: Dialect, tellsOldItem: boolean): StoreUnderTest {
  return onRows(new DynamoDbTable({ tellsOldItem, pageSize: 1 }), 'locks', dialect);
}

/** Two stores with a connection each, under a prefix that nobody else has. */
export async function openRedis(url: string, client: Redis) {
  const prefix = fresh('models');
  const open = () => redisStore({ url, prefix, maxTtl: '30d', restartGuard: false, logger: silent });
  const handles = [open(), open()];
  for (const store of handles) await store.open();
  return {
    /** Keys of one run. */
    fresh(): StoreUnderTest {
      return {
        handles,
        prefix: `${fresh('run')}/`,
        now: () => performance.now(),
        async expire(key) {
          const lease = `${prefix}:{${key}}:lease`;
          await client.pexpire(lease, 1);
          await until(async () => (await client.exists(lease)) === 0, 5000, `${key} to expire`);
        },
      };
    },
    async close(): Promise<void> {
      for (const store of handles) await store.close();
      const names = await client.keys(`${prefix}:*`);
      if (names.length > 0) await client.del(names);
    },
  };
}

/** No timers run in a store, so that time may pass at once. */
function timeOf(clock: VirtualClock): Pick<StoreUnderTest, 'now' | 'pass'> {
  return { now: () => clock.monotonicMs(), pass: ms => clock.block(ms) };
}
