/** Contenders of one process for any slot of a pool. Prints every hold, and that it has ended. */
import { SyncManager } from '../../../lib/engine/sync-manager.js';
import { redisStore } from '../../../lib/stores/redis/index.js';
import { silent, sleep } from '../../support/fixtures.js';
import { machineMs } from '../machine-clock.js';

const { REDIS_URL, POOL, SLOTS, CONTENDERS, UNTIL } = process.env;
const untilMs = Number(UNTIL);
const store = redisStore({ url: REDIS_URL!, restartGuard: false, logger: silent });
const manager = new SyncManager({ store, ttl: 5000 });
await manager.open();
const pool = manager.pool(POOL!, { slots: Number(SLOTS) });

async function contend(name: string): Promise<void> {
  for (;;) {
    const waitMs = untilMs - machineMs();
    const lease = waitMs > 0 ? await pool.acquireAny({ wait: waitMs }).catch(() => null) : null;
    if (lease === null) return;
    const from = machineMs();
    await sleep(5 + Math.random() * 30);
    const isHeld = lease.isHeld;
    const to = machineMs();
    await lease.release();
    const hold = { contender: name, slot: lease.slot, token: lease.fencingToken, from, to, isHeld };
    console.log(`hold ${JSON.stringify(hold)}`);
  }
}

const names = Array.from({ length: Number(CONTENDERS) }, (_, n) => `${process.pid}/${n}`);
await Promise.all(names.map(contend));
await manager.close();
console.log('done');
process.disconnect();
