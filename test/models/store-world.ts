import type {
  AcquireRequest,
  LeaseStore,
  LeaseWrites,
  ReleaseRequest,
  RenewRequest,
} from '../../lib/core/lease-store.js';
import { call, collect } from '../support/fixtures.js';
import type { LeaseModel, Span } from './lease-model.js';

/** A real store as the commands use it. */
export interface StoreUnderTest {
  /** Two handles to one backend, as two processes have them; one and the same where a store is the backend. */
  readonly handles: readonly LeaseStore[];
  /** Start of all keys of this run. */
  readonly prefix: string;
  /** The holders' clock, and the one that spans of the model are read on. */
  now(): number;
  /** Lets time pass, where it is virtual. */
  pass?(ms: number): void;
  /** Ends the lease of a key at the server, as its clock would; resolves once that is so. */
  expire?(key: string): Promise<void>;
}

/** What is known of one acquisition: what its holder would know, and more. */
export interface Acquisition {
  readonly key: string;
  readonly owner: string;
  token: number | undefined;
  /** Of the request that was built last. */
  sequence: number;
  /** The latest end of any request: no later one may ask for less. */
  needsUntil: number;
}

/** A request as it was built, to be sent now, later, or again. */
export type Sendable =
  | { readonly kind: 'acquire'; readonly request: AcquireRequest; readonly of: Acquisition }
  | { readonly kind: 'renew'; readonly request: RenewRequest }
  | { readonly kind: 'release'; readonly request: ReleaseRequest };

/** One run: the store, who has asked it for what, and what was said, for whoever reads of a failure. */
export class StoreWorld {
  readonly acquisitions: Acquisition[] = [];
  readonly built: Sendable[] = [];
  readonly transcript: string[] = [];

  constructor(
    readonly store: StoreUnderTest,
    /** How often the store has given each kind of answer, over many runs. */
    private readonly tally: Record<string, number> = {},
  ) {}

  key(name: string): string {
    return this.store.prefix + name;
  }

  /** The time of a request; each has its own. */
  sentAt(): number {
    this.store.pass?.(0.125);
    return this.store.now();
  }

  /** Notes a request. @returns it */
  note<S extends Sendable>(sendable: S): S {
    this.built.push(sendable);
    return sendable;
  }

  /** Whoever was granted the key last, by the model, or any acquisition of the past. */
  pick(model: LeaseModel, key: string, who: number | 'holder'): Acquisition | undefined {
    if (who !== 'holder') return this.acquisitions[who % Math.max(1, this.acquisitions.length)];
    const owner = model.rows.get(key)?.owner;
    return this.acquisitions.findLast(each => each.key === key && each.owner === owner);
  }

  /** The next request of an acquisition: its number, and a TTL that takes nothing back. */
  next(of: Acquisition, ttlMs: number): Pick<RenewRequest, 'sentAt' | 'sequence' | 'ttlMs'> {
    const sentAt = this.sentAt();
    const neededMs = Math.max(ttlMs, of.needsUntil - sentAt);
    of.needsUntil = sentAt + neededMs;
    return { sentAt, sequence: (of.sequence += 1), ttlMs: neededMs };
  }

  /** Sends a request, and has the model judge the answer. */
  async send(model: LeaseModel, sendable: Sendable, by: number): Promise<void> {
    const store = this.handle(by);
    const { kind, request } = sendable;
    await this.ask(`${kind} by ${this.name(by)} ${JSON.stringify(request)}`, async span => {
      if (kind === 'acquire') {
        const outcome = await span.during(() => store.acquire(request, call));
        model.acquire(request, outcome, this.name(by), span.told(outcome));
        if (outcome.kind === 'granted') sendable.of.token = outcome.fencingToken;
      } else if (kind === 'renew') {
        const outcome = await span.during(() => store.renew(request, call));
        model.renew(request, outcome, span.told(outcome));
      } else {
        const outcome = await span.during(() => store.release(request, call));
        model.release(request, outcome, span.told(outcome));
      }
    });
    await this.inspect(model, request.key, by);
  }

  async revoke(model: LeaseModel, key: string, fencingToken: number, force: boolean, by: number) {
    await this.ask(`revoke ${key} ${fencingToken}, force: ${force}`, async span => {
      const wasFound = await span.during(() => this.handle(by).revoke({ key, fencingToken, force }, call));
      model.revoke({ key, fencingToken, force }, wasFound, span.told(wasFound));
    });
    await this.inspect(model, key, by);
  }

  async inspect(model: LeaseModel, key: string, by: number): Promise<void> {
    await this.ask(`inspect ${key}`, async span => {
      const record = await span.during(() => this.handle(by).inspect(key, call));
      model.inspect(key, record, this.name(by), span.told(record));
    });
  }

  /** Everything that starts with `prefix`, each key once; what is not listed must be nothing. */
  async list(model: LeaseModel, prefix: string, by: number): Promise<void> {
    await this.ask(`list ${prefix}`, async span => {
      const records = await span.during(() => collect(this.handle(by).list(prefix, call)));
      const at = span.told(records);
      const byKey = new Map(records.map(record => [record.key, record]));
      if (byKey.size !== records.length) throw new Error('a key was listed twice');
      for (const key of byKey.keys()) if (!key.startsWith(prefix)) throw new Error(`listed ${key}`);
      for (const key of model.rows.keys())
        if (key.startsWith(prefix)) model.inspect(key, byKey.get(key) ?? null, this.name(by), at);
    });
  }

  /** Notes what is done besides asking the store. */
  say(what: string): void {
    this.transcript.push(what);
  }

  private handle(by: number): LeaseStore {
    return this.store.handles[by % this.store.handles.length]!;
  }

  private name(by: number): string {
    return `contender ${by % this.store.handles.length}`;
  }

  private async ask(what: string, judge: (span: Stopwatch) => Promise<void>): Promise<void> {
    const watch = new Stopwatch(this.store, answer => {
      this.say(`${what}\n    → ${show(answer)}`);
      const kind = `${what.split(' ', 1)[0]}: ${(answer as { kind?: string } | null)?.kind ?? typeof answer}`;
      this.tally[kind] = (this.tally[kind] ?? 0) + 1;
    });
    try {
      await judge(watch);
    } catch (error) {
      if (!watch.wasTold) this.say(what);
      const told = `after:\n  ${this.transcript.join('\n  ')}`;
      throw new Error(`${(error as Error).message}\n${told}`, { cause: error });
    }
  }
}

/** Writes' half of a request, without what is absent. */
export function writesOf({ data, dataTtlMs, attributes }: LeaseWrites, takesDataTtl: boolean): LeaseWrites {
  return {
    ...(data !== undefined && { data }),
    ...(data != null && dataTtlMs !== undefined && takesDataTtl && { dataTtlMs }),
    ...(attributes !== undefined && { attributes }),
  };
}

class Stopwatch {
  wasTold = false;
  private from = 0;

  constructor(
    private readonly store: Pick<StoreUnderTest, 'now'>,
    private readonly onTold: (answer: unknown) => void,
  ) {}

  during<T>(command: () => Promise<T>): Promise<T> {
    this.from = this.store.now();
    return command();
  }

  told(answer: unknown): Span {
    this.wasTold = true;
    this.onTold(answer);
    return { from: this.from, to: this.store.now() };
  }
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
