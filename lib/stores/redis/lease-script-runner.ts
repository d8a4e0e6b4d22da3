import type { CallOptions } from '../../core/lease-store.js';
import { atEndOfTurn } from '../../platform/next-turn.js';
import type { Argument } from './lease-codec.js';
import type { RedisConnection } from './redis-connection.js';
import { isNoScript, replyError, toStoreError } from './redis-errors.js';
import { scriptError, tooLate, type ScriptRunner } from './script-runner.js';
import type { RedisScript } from './scripts.generated.js';

/**
 * How many leases one command is about at most. Redis does nothing else meanwhile, some 10 µs for each; and while it does one
 * command, the next is being written and the last one read.
 */
const MAX_PER_COMMAND = 25;

/** What a script does for one lease. */
export interface LeaseCommand<Request, Outcome> {
  /** Written for one lease or many; its number of keys is that of one. */
  readonly script: RedisScript;
  /** @throws what the request is refused for */
  keysOf(request: Request): string[];
  argumentsOf(request: Request): Argument[];
  /** @throws CorruptLeaseError */
  outcomeOf(request: Request, reply: unknown, call: CallOptions): Outcome | Promise<Outcome>;
}

/** One request, and who waits for its outcome. */
interface Asked<Request, Outcome> {
  readonly request: Request;
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
  readonly call: CallOptions;
  resolve(outcome: Outcome | Promise<Outcome>): void;
  reject(error: unknown): void;
}

/**
 * Runs a script for the leases of many callers. What is asked in the same turn of the event loop goes out at its end, in
 * commands for many leases: so much less is spent on each, here and by Redis. In a Cluster, where each lease has a slot of its
 * own, and while the connection does not stand, each goes by itself.
 */
export class LeaseScriptRunner<Request extends { readonly key: string }, Outcome> {
  private asked: Asked<Request, Outcome>[] = [];
  /** Whether this Redis, which seems to be one server, is several that share the slots. */
  private hasSlots = false;

  constructor(
    private readonly command: LeaseCommand<Request, Outcome>,
    private readonly runner: ScriptRunner,
    private readonly connection: RedisConnection,
  ) {}

  /** @throws StoreUnavailableError, StoreRejectedError or CorruptLeaseError */
  run(request: Request, call: CallOptions): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const { command } = this;
      const keys = command.keysOf(request);
      const args = command.argumentsOf(request);
      if (this.asked.push({ request, keys, args, call, resolve, reject }) === 1)
        atEndOfTurn(() => this.sendAll());
    });
  }

  private sendAll(): void {
    const { asked } = this;
    this.asked = [];
    const isTogether = asked.length > 1 && !this.hasSlots && this.connection.isOneServer;
    for (const some of isTogether ? inCommands(asked) : asked.map(each => [each])) this.send(some);
  }

  private send(asked: readonly Asked<Request, Outcome>[], isLoaded = false): void {
    const words: Argument[] = [];
    for (const { keys } of asked) for (const key of keys) words.push(key);
    const keyCount = words.length;
    for (const { args } of asked) for (const argument of args) words.push(argument);
    this.runner.attempt({ script: this.command.script, keyCount, words }, mostImpatient(asked)).then(
      reply => {
        const replies = asked.length === 1 ? [reply] : repliesOf(reply, asked.length);
        for (let i = 0; i < asked.length; i++) this.answer(asked[i]!, replies[i]);
      },
      (error: unknown) => {
        if (isNoScript(error) && !isLoaded) return void this.loadAndSend(asked);
        if (asked.length > 1 && isCrossSlot(error)) {
          this.hasSlots = true;
          for (const each of asked) this.send([each]);
          return;
        }
        for (const { request, reject } of asked) reject(scriptError(error, request.key));
      },
    );
  }

  /** What was given up meanwhile is not sent. Never rejects. */
  private async loadAndSend(asked: readonly Asked<Request, Outcome>[]): Promise<void> {
    try {
      await this.runner.load(this.command.script, mostImpatient(asked));
    } catch (error) {
      for (const { request, reject } of asked) reject(scriptError(error, request.key));
      return;
    }
    const wanted = asked.filter(({ call }) => call.signal?.aborted !== true);
    for (const each of asked) if (!wanted.includes(each)) each.reject(tooLate());
    if (wanted.length > 0) this.send(wanted, true);
  }

  private answer({ request, call, resolve, reject }: Asked<Request, Outcome>, reply: unknown): void {
    try {
      if (Array.isArray(reply) && String(reply[0]) === 'failed') throw replyError(String(reply[1]));
      resolve(this.command.outcomeOf(request, reply, call));
    } catch (error) {
      reject(toStoreError(error, request.key));
    }
  }
}

/**
 * Requests as they go together: with the same number of arguments, as the scripts need them, and none for the same key, since
 * a script reads all leases before it changes any.
 */
function inCommands<Each extends Pick<Asked<{ key: string }, unknown>, 'request' | 'args'>>(
  asked: readonly Each[],
): Each[][] {
  const commands: Each[][] = [];
  const open = new Map<number, { requests: Each[]; keys: Set<string> }>();
  for (const each of asked) {
    const { key } = each.request;
    let command = open.get(each.args.length);
    if (command === undefined || command.requests.length === MAX_PER_COMMAND || command.keys.has(key)) {
      command = { requests: [], keys: new Set() };
      open.set(each.args.length, command);
      commands.push(command.requests);
    }
    command.requests.push(each);
    command.keys.add(key);
  }
  return commands;
}

/** Whoever gives up first notices a connection that is silent. */
function mostImpatient(asked: readonly { call: CallOptions }[]): CallOptions {
  return asked.reduce((first, each) => (each.call.timeoutMs < first.call.timeoutMs ? each : first)).call;
}

/** Replies to many: one for each lease, or that of the restart guard, which comes first, for all. */
function repliesOf(reply: unknown, count: number): unknown[] {
  if (!Array.isArray(reply)) return String(reply).split('\n');
  return String(reply[0]) === 'not-yet' ? Array<unknown>(count).fill(reply) : (reply as unknown[]);
}

/** The keys of several leases do not share a slot, which only a proxy before a Cluster can have against them. */
function isCrossSlot(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('CROSSSLOT');
}
