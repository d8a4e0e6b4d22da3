import { SyncManager } from 'nestjs-distributed-lock';
import { redisStore } from 'nestjs-distributed-lock/redis';

export const title = 'ours';
export const plainCommands = [];

const silent = { log() {}, warn() {}, error() {} };

/**
 * Defaults other than the TTL, restart guard off, as it is outside production. Each lease is renewed every third of its TTL,
 * has a fencing token, and its holder is written beside it.
 *
 * @param {import('./index.mjs').OpenOptions & { isProxied?: boolean, redis?: object }} options
 *   `isProxied`: through our own proxy, which counts; `redis`: more options of the store
 */
export async function open({
  url,
  ttlMs = 10_000,
  waitMs,
  isProxied = false,
  redis = { restartGuard: false },
}) {
  // Behind a proxy the store would send each lease by itself, as it could not know where the proxy leads.
  const store = redisStore({ url, logger: silent, ...(isProxied && { batching: true }), ...redis });
  const manager = new SyncManager({ store, ttl: ttlMs, ...(waitMs !== undefined && { wait: waitMs }) });
  await manager.open();
  let lost = 0;
  let renewals = 0;
  manager.on('lost', () => void lost++);
  manager.on('renewed', () => void renewals++);
  const acquire = key => manager.acquire(key);
  return {
    manager,
    acquire,
    release: lease => lease.release(),
    cycle: async key => {
      const lease = await manager.acquire(key);
      await lease.release();
    },
    hold: acquire,
    lost: () => lost,
    renewals: () => renewals,
    close: () => manager.close(),
  };
}
