import { SyncManager } from 'nestjs-distributed-lock';
import { memoryStore } from 'nestjs-distributed-lock/memory';
import { loopFor, timed } from '../measure/loops.mjs';

const TTL_MS = 10_000;

/** @returns cycles per second, and the CPU time of this process for each */
export default async function memory({ mode, warmupMs, measureMs }) {
  const [subject, keys] = mode.split('-');
  const store = memoryStore();
  const cycle = subject === 'store' ? storeCycle(store) : managerCycle(store);
  const options = { concurrency: keys === 'hundred' ? 100 : 1, isSameKey: keys !== 'distinct' };
  await loopFor(cycle, { ...options, ms: warmupMs });
  return timed(() => loopFor(cycle, { ...options, ms: measureMs }));
}

function managerCycle(store) {
  const manager = new SyncManager({ store, ttl: TTL_MS });
  return async key => {
    const lease = await manager.acquire(key);
    await lease.release();
  };
}

/** What the manager asks the store for, without the manager. */
function storeCycle(store) {
  const call = { timeoutMs: TTL_MS };
  let count = 0;
  return async key => {
    const owner = `owner-${count++}`;
    const { fencingToken } = await store.acquire(
      { key, owner, ttlMs: TTL_MS, sentAt: performance.now() },
      call,
    );
    await store.release({ key, owner, fencingToken }, call);
  };
}
