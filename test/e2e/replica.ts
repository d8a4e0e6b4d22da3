import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SyncManager } from '../../lib/engine/sync-manager.js';
import { redisStore, type RedisStoreOptions } from '../../lib/stores/redis/index.js';
import type { SyncManagerOptions } from '../../lib/core/options.js';
import { silent, sleep } from '../support/fixtures.js';

/** One replica on a real Redis: its manager, closed together with its store. */
export async function replica(
  redis: RedisStoreOptions,
  options: Omit<SyncManagerOptions, 'store'> = {},
): Promise<SyncManager> {
  const manager = new SyncManager({
    store: redisStore({ restartGuard: false, logger: silent, ...redis }),
    ...options,
  });
  await manager.open();
  return manager;
}

let keys = 0;

/** A key that no other test uses. */
export const freshKey = (): string => `e2e:${process.pid}:${Date.now()}:${++keys}`;

/** Calls that nobody has caught, while `fn` runs. */
export async function unhandledRejectionsDuring(fn: () => Promise<void>): Promise<unknown[]> {
  const seen: unknown[] = [];
  const note = (reason: unknown): void => void seen.push(reason);
  process.on('unhandledRejection', note);
  try {
    await fn();
    await sleep(20);
  } finally {
    process.off('unhandledRejection', note);
  }
  return seen;
}

/** Longest delay of the event loop while `fn` ran, in ms. */
export async function loopDelayDuring(fn: () => Promise<void>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await fn();
  histogram.disable();
  return histogram.max / 1e6;
}
