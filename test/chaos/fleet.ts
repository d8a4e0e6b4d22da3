import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../support/bundle.mjs';
import { runWorker, type WorkerProcess } from '../support/worker-process.js';
import type { ChaosStore, FaultyLink } from './chaos-store.js';
import type { WorkerOrder, WorkerSettings } from './worker-settings.js';

/** What all workers are told alike. */
type CommonSettings = Pick<WorkerSettings, 'ttlMs' | 'keys' | 'fencePort' | 'seed'>;

/** A place for a worker: its own link to the store, and one process after another. */
export class Slot {
  /** Whether a fault has its process, or its link, to itself. */
  isProcessBusy = false;
  isLinkBusy = false;
  private generation = 0;
  private process!: WorkerProcess;
  private isKillIntended = false;

  constructor(
    private readonly index: number,
    readonly link: FaultyLink,
    private readonly fleet: Fleet,
  ) {}

  start(): void {
    const worker = `${this.index}.${++this.generation}`;
    const process = this.fleet.run(worker, this.link);
    this.process = process;
    this.isKillIntended = false;
    void process.exited.then(code => {
      if (process === this.process && !this.isKillIntended)
        this.fleet.defects.push(`worker ${worker} ended (${code}):\n${process.lines.slice(-20).join('\n')}`);
    });
  }

  /** SIGKILL, and a new one instead. */
  async replace(): Promise<void> {
    this.isKillIntended = true;
    await this.process.stop();
    this.start();
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.process.kill(signal);
  }

  order(order: WorkerOrder): void {
    this.process.send(order);
  }

  /** Lets it end in peace. @returns whether it did */
  async end(timeoutMs: number): Promise<boolean> {
    this.isKillIntended = true;
    this.order({ order: 'end' });
    let timer: NodeJS.Timeout;
    const tooLong = new Promise<boolean>(resolve => (timer = setTimeout(() => resolve(false), timeoutMs)));
    const isOver = await Promise.race([this.process.exited.then(code => code === 0), tooLong]);
    clearTimeout(timer!);
    await this.process.stop();
    return isOver;
  }
}

/** The workers of a run. */
export class Fleet {
  /** What must not have happened to a worker, in words. */
  readonly defects: string[] = [];
  /** Of every process that ever ran. */
  readonly journals: string[] = [];
  slots: readonly Slot[] = [];

  private constructor(
    private readonly program: string,
    private readonly dir: string,
    private readonly common: CommonSettings,
  ) {}

  static async start(size: number, store: ChaosStore, dir: string, common: CommonSettings): Promise<Fleet> {
    const fleet = new Fleet(bundle('test/chaos/chaos-worker.ts'), dir, common);
    const links = await Promise.all(Array.from({ length: size }, () => store.openLink()));
    fleet.slots = links.map((link, i) => new Slot(i, link, fleet));
    for (const slot of fleet.slots) slot.start();
    return fleet;
  }

  run(worker: string, { settings: store }: FaultyLink): WorkerProcess {
    const journal = join(this.dir, `worker-${worker}.jsonl`);
    writeFileSync(journal, ''); // a worker that is killed at once never opens it
    this.journals.push(journal);
    const seed = `${this.common.seed}/${worker}`;
    const settings: WorkerSettings = { ...this.common, worker, store, journal, seed };
    return runWorker(this.program, { SETTINGS: JSON.stringify(settings) });
  }

  /** Ends all workers in peace, then their links. */
  async end(timeoutMs: number): Promise<void> {
    const isOver = await Promise.all(this.slots.map(slot => slot.end(timeoutMs)));
    isOver.forEach((over, i) => over || this.defects.push(`worker ${i} did not end when asked to`));
    await Promise.all(this.slots.map(slot => slot.link.proxy.stop()));
  }
}
