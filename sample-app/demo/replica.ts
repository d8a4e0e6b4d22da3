import type { LeaderInfo, LeaseRecord } from 'nestjs-distributed-lock';
import { fileURLToPath } from 'node:url';
import type { Term } from '../src/leadership/term-history.js';
import type { ShardReport } from '../src/shards/shard.service.js';
import type { Backend } from './backend.js';
import { Link } from './link.js';
import { freePort, HOST, start, until, type Child } from './processes.js';

const APP = fileURLToPath(new URL('../src/main.js', import.meta.url));

/** What a customer is told. */
export type Answer = 'paid' | 'already paid' | 'try again' | 'no answer';

/** A replica of the order service: a process of its own, with a link of its own to the store. */
export class Replica {
  private constructor(
    readonly name: string,
    private readonly url: string,
    private readonly child: Child,
    readonly link: Link,
  ) {}

  static async start(name: string, backend: Backend, settings: NodeJS.ProcessEnv): Promise<Replica> {
    const [port, link] = await Promise.all([freePort(), Link.to(backend.port)]);
    const env = { ...settings, ...backend.environment(link.address), PORT: `${port}` };
    const child = start(process.execPath, ['--enable-source-maps', APP], env);
    const replica = new Replica(name, `http://${HOST}:${port}`, child, link);
    const isUp = (): Promise<boolean> =>
      replica
        .terms()
        .then(() => true)
        .catch(() => false);
    await until(`replica ${name}`, 20_000, isUp, child);
    return replica;
  }

  get pid(): number {
    return this.child.process.pid!;
  }

  describe(): string {
    return `${this.name} (pid ${this.pid}, ${this.url})`;
  }

  /** When this replica led; answered while its link is cut, too. */
  terms(): Promise<Term[]> {
    return this.get('/leader/terms');
  }

  async leader(): Promise<LeaderInfo | null> {
    return (await this.get<{ leader: LeaderInfo | null }>('/leader')).leader;
  }

  /** The locks of all replicas; none where the store did not answer. */
  locks(): Promise<LeaseRecord[]> {
    return this.get<LeaseRecord[]>('/locks').catch(() => []);
  }

  /** Which shards it serves; only where it is told of any. */
  shards(): Promise<ShardReport> {
    return this.get('/shards');
  }

  async pay(orderId: string): Promise<Answer> {
    const response = await fetch(`${this.url}/orders/${orderId}/pay`, { method: 'POST' }).catch(() => null);
    if (response === null) return 'no answer';
    const body = (await response.json()) as { payment?: unknown };
    if (response.ok) return 'paid';
    return body.payment === undefined ? 'try again' : 'already paid';
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL' | 'SIGTERM'): void {
    this.child.process.kill(signal);
  }

  private async get<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path, { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(`${this.name} answered ${response.status} to GET ${path}`);
    return (await response.json()) as T;
  }
}
