import { bundle } from '../support/bundle.mjs';
import { sleep, until } from '../support/fixtures.js';
import { runWorker, type WorkerProcess } from '../support/worker-process.js';
import { machineMs } from './machine-clock.js';
import { servicesIn, type Service } from './services.js';

interface Member {
  readonly worker: WorkerProcess;
  diedAt?: number;
  hasLeft?: boolean;
}

/** Processes that share a balanced pool, and what they did. */
export class ShardFleet {
  private readonly members: Member[] = [];
  private readonly script = bundle('test/e2e/workers/shard-worker.ts');

  constructor(
    private readonly shards: number,
    private readonly env: Record<string, string>,
  ) {}

  /** @returns the process, and when it began to take part */
  async start(): Promise<{ member: Member; joinedAt: number }> {
    const member = { worker: runWorker(this.script, { SHARDS: `${this.shards}`, ...this.env }) };
    this.members.push(member);
    return { member, joinedAt: Number((await member.worker.line('joined')).split(' ')[1]) };
  }

  /** @returns when it was killed */
  async kill(member: Member): Promise<number> {
    const killedAt = machineMs();
    member.worker.kill('SIGKILL');
    await member.worker.exited;
    member.diedAt = machineMs();
    return killedAt;
  }

  /** Tells it to leave, and waits until it has handed over everything. */
  async leave(member: Member): Promise<void> {
    member.hasLeft = true;
    member.worker.kill('SIGTERM');
    await member.worker.exited;
  }

  /** All services so far. */
  get services(): Service[] {
    return this.members.flatMap(({ worker, diedAt }) => servicesIn(worker.lines, worker.pid, diedAt));
  }

  /** What went wrong in the workers by their own word. */
  get failures(): string[] {
    return this.members.flatMap(({ worker }) =>
      worker.lines.filter(line => !/^(joined|began|ended) /.test(line)),
    );
  }

  /** Waits until all shards are served, by each as many as by the others, and stay so. @returns since when */
  async balanced(timeoutMs: number): Promise<number> {
    const share = this.shards / this.alive.length;
    await until(() => this.isShared(share), timeoutMs, `${share} shards each`);
    const since = Math.max(...this.current.map(({ from }) => from));
    await sleep(1200);
    if (!this.isShared(share)) throw new Error(`shares did not last: ${JSON.stringify(this.current)}`);
    return since;
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(({ worker }) => worker.stop()));
  }

  private get alive(): Member[] {
    return this.members.filter(({ diedAt, hasLeft }) => diedAt === undefined && hasLeft !== true);
  }

  private get current(): Service[] {
    return this.services.filter(({ to }) => to === Infinity);
  }

  private isShared(share: number): boolean {
    const { current } = this;
    const counts = this.alive.map(({ worker }) => current.filter(({ pid }) => pid === worker.pid).length);
    return (
      new Set(current.map(({ shard }) => shard)).size === this.shards &&
      counts.every(count => count === share)
    );
  }
}
