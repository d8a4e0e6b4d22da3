import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../support/bundle.mjs';
import { sleep, until } from '../support/fixtures.js';
import { runWorker } from '../support/worker-process.js';
import type { ChaosRecord } from './chaos-record.js';
import type { ChaosStore } from './chaos-store.js';
import { startDynamoDbChaosStore } from './dynamodb-chaos-store.js';
import { FaultInjector } from './fault-injector.js';
import { planFaults } from './fault-plan.js';
import { FenceClient } from './fence-client.js';
import { Fleet } from './fleet.js';
import { monotonicMs, readJournal, type Access, type WorkerEntry } from './journal.js';
import { startRedisChaosStore } from './redis-chaos-store.js';
import { WallClockWatch } from './wall-clock-watch.js';

/** What to run. */
export interface ChaosOptions {
  readonly store: 'redis' | 'dynamodb';
  readonly seconds: number;
  readonly seed: string;
}

const WORKERS = 8;
const TTL_MS = 1000;
const KEYS = ['campaign', 'orders', 'reports'];
/** At the end no faults, so that everybody must get on again. */
const CALM_MS = 5000;

/** One run: starts everything, does the faults, ends everything. Call {@link stop} on failure, too. */
export class ChaosRun {
  private readonly cleanups: (() => Promise<unknown>)[] = [];
  private dir = '';
  private keepsJournals = false;

  constructor(private readonly options: ChaosOptions) {}

  /** @returns what happened */
  async run(): Promise<ChaosRecord> {
    const { seconds, seed } = this.options;
    const dir = await mkdtemp(join(tmpdir(), 'chaos-'));
    this.dir = dir;
    this.cleanups.push(async () => this.keepsJournals || rm(dir, { recursive: true, force: true }));
    const store = await this.startStore();
    const accessJournal = join(dir, 'fence.jsonl');
    const fence = await this.startFence(accessJournal);
    const common = { ttlMs: TTL_MS, keys: KEYS, fencePort: fence.port, seed };
    const fleet = await Fleet.start(WORKERS, store, dir, common);
    const isWorking = async (): Promise<boolean> => {
      const last = await Promise.all(KEYS.map(key => fence.client.last(key)));
      return last.every(({ lease }) => lease !== undefined);
    };
    await until(isWorking, 30_000, `work under all keys; ${fleet.defects.join('\n')}`);

    const injector = new FaultInjector(fleet, store, fence.client);
    const forgetting = setInterval(() => fleet.slots.forEach(slot => slot.link.proxy.resetCounts()), 1000);
    const wallClock = new WallClockWatch();
    const from = monotonicMs();
    const forMs = seconds * 1000 - CALM_MS;
    const { without } = store;
    await injector.run(planFaults({ seed, forMs, workers: WORKERS, keys: KEYS, ttlMs: TTL_MS, without }));
    await sleep(from + forMs - monotonicMs());
    const calmFrom = monotonicMs();
    await sleep(CALM_MS);
    const to = monotonicMs();
    wallClock.stop();
    clearInterval(forgetting);
    await fleet.end(10_000);
    const finals = await Promise.all(
      KEYS.map(async key => [key, (await fence.client.last(key)).value] as const),
    );
    return {
      seconds,
      seed,
      ttlMs: TTL_MS,
      storeName: store.name,
      keys: KEYS,
      run: { from, to },
      calm: { from: calmFrom, to },
      guardMs: store.guardMs,
      faults: injector.done,
      skippedFaults: injector.skipped,
      entries: fleet.journals.flatMap(path => readJournal<WorkerEntry>(path)),
      accesses: readJournal<Access>(accessJournal),
      counters: Object.fromEntries(finals),
      defects: [...fleet.defects, ...store.defects],
      largestClockStepMs: wallClock.largestStepMs,
    };
  }

  /** Lets the journals outlive {@link stop}. @returns their directory */
  keepJournals(): string {
    this.keepsJournals = true;
    return this.dir;
  }

  /** Ends everything that was started; idempotent. */
  async stop(): Promise<void> {
    for (const cleanup of this.cleanups.splice(0).reverse()) await cleanup();
  }

  private async startStore(): Promise<ChaosStore> {
    const start =
      this.options.store === 'redis'
        ? startRedisChaosStore(TTL_MS)
        : startDynamoDbChaosStore(KEYS, join(this.dir, 'rows'));
    const store = await start;
    this.cleanups.push(() => store.stop());
    return store;
  }

  private async startFence(journal: string): Promise<{ client: FenceClient; port: number }> {
    const process = runWorker(bundle('test/chaos/fence-process.ts'), { JOURNAL: journal });
    let isStopping = false;
    this.cleanups.push(() => ((isStopping = true), process.stop()));
    void process.exited.then(code => {
      if (!isStopping)
        console.error(`the fenced resource ended (${code}):\n${process.lines.slice(1).join('\n')}`);
    });
    const port = Number((await process.line('port')).split(' ')[1]);
    const client = await FenceClient.connect(port);
    this.cleanups.push(async () => client.close());
    return { client, port };
  }
}
