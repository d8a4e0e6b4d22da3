import type { Lease } from '../../lib/core/lease.js';
import type { RandomSource } from '../../lib/core/ports.js';
import type { SyncManager } from '../../lib/engine/sync-manager.js';
import { sleep } from '../support/fixtures.js';
import type { FenceClient } from './fence-client.js';
import type { HeldWatch } from './held-watch.js';
import { monotonicMs } from './journal.js';

/** What the key workers of one process share. */
interface WorkerTools {
  readonly manager: SyncManager;
  readonly watch: HeldWatch;
  readonly fence: FenceClient;
  readonly random: RandomSource;
  readonly ttlMs: number;
}

/** Work under one key, by each way to acquire it. */
export class KeyWorker {
  constructor(
    private readonly key: string,
    private readonly tools: WorkerTools,
    private readonly ending: AbortSignal,
  ) {}

  /** One campaign: works through some leases of it, if they are lost, and releases. */
  async campaign(): Promise<void> {
    const { manager, watch } = this.tools;
    const lock = manager.lock(this.key);
    // What it acquires by itself after a loss is claimed, too, though nobody asked for it
    const looking = setInterval(() => lock.lease !== null && watch.begin(lock.lease), 5);
    try {
      const until = monotonicMs() + this.termMs();
      let isRefused = false;
      do {
        const lease = await lock.lock({ signal: this.ending });
        isRefused = await this.work(lease, until - monotonicMs());
      } while (!isRefused && monotonicMs() < until && !this.ending.aborted);
    } finally {
      clearInterval(looking);
      if (lock.lease !== null) watch.releasing(lock.lease);
      await lock.release();
    }
    await this.rest();
  }

  /** One acquisition, by one of the other ways. */
  async acquireOnce(): Promise<void> {
    const { manager, watch, random } = this.tools;
    const options = { signal: this.ending };
    const way = random.next();
    if (way < 0.4) {
      await manager.withLock(this.key, options, async lease => {
        await this.work(lease, this.sectionMs());
        watch.releasing(lease);
      });
    } else {
      const lease =
        way < 0.8
          ? await manager.acquire(this.key, options)
          : await manager.tryAcquire(this.key, { ...options, renewEvery: way < 0.9 ? false : undefined });
      if (lease !== null) {
        await this.work(lease, this.sectionMs()).finally(() => {
          watch.releasing(lease);
          return lease.release();
        });
      }
    }
    await this.rest();
  }

  /**
   * Counts up in the fenced resource for so long, or until the lease is lost or the fence refuses.
   * @returns whether the fence has refused
   */
  private async work(lease: Lease, forMs: number): Promise<boolean> {
    const { watch, fence, random } = this.tools;
    const pass = { key: this.key, lease: watch.begin(lease), token: lease.fencingToken };
    const until = monotonicMs() + forMs;
    while (watch.read(lease) && !this.ending.aborted) {
      const read = await fence.read(pass);
      if (!read.accepted) return true;
      // Not looked at again before the write: a pause in between is what the fence is for
      await sleep(5 + 25 * random.next());
      const written = await fence.write(pass, read.value + 1);
      if (!written.accepted) return true;
      if (monotonicMs() > until) break;
    }
    return false;
  }

  /** Half of them short; those that are renewed take up most of the time, so that faults mostly meet them. */
  private sectionMs(): number {
    const { random, ttlMs } = this.tools;
    const chance = random.next();
    if (chance < 0.55) return 20 + 130 * random.next();
    return ttlMs * (chance < 0.8 ? 0.3 + random.next() : 1 + 2 * random.next());
  }

  /** As leadership does, a campaign lasts. */
  private termMs(): number {
    const { random, ttlMs } = this.tools;
    return ttlMs * (1 + 3 * random.next());
  }

  private rest(): Promise<void> {
    return sleep(30 * this.tools.random.next());
  }
}
