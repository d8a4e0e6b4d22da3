import { StoreRejectedError } from '../../core/errors.js';
import type { CallOptions } from '../../core/lease-store.js';
import { atEndOfTurn } from '../../platform/next-turn.js';
import { mastersOf, type RedisClient } from './redis-client.js';
import type { RedisConnection } from './redis-connection.js';
import { isNoScript, isSlotRefusal, notConnected, replyError, toStoreError } from './redis-errors.js';
import type { RedisScript } from './scripts.generated.js';

/**
 * How many leases one command is about at most. Redis does nothing else meanwhile, some 10 µs for each; and while it does one
 * command, the next is being written and the last one read.
 */
const MAX_PER_COMMAND = 25;

/** A word of a command. */
export type Argument = string | Buffer;

/** What a script does for one lease. */
export interface LeaseCommand<Request, Outcome> {
  readonly script: RedisScript;
  /** The script takes one request only: it is long as it is. @default false */
  readonly isAlone?: boolean;
  /** @throws what the request is refused for, before anything is sent */
  check?(request: Request): void;
  keysOf(request: Request): string[];
  argumentsOf(request: Request): Argument[];
  /** @throws CorruptLeaseError */
  outcomeOf(request: Request, reply: unknown, call: CallOptions): Outcome | Promise<Outcome>;
}

/** One request, and who waits for its outcome. */
interface Asked<Request, Outcome> {
  readonly request: Request;
  readonly args: readonly Argument[];
  readonly call: CallOptions;
  readonly resolve: (outcome: Outcome | Promise<Outcome>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs a script for the leases of many callers, by EVALSHA. What is asked in the same turn of the event loop goes out at its
 * end, in commands for many leases: so much less is spent on each, here and by Redis. Each goes by itself where it is not
 * known that one server has them all, as in a Cluster.
 */
export class LeaseScriptRunner<Request extends { readonly key: string }, Outcome> {
  private asked: Asked<Request, Outcome>[] = [];
  private loading: Promise<void> | null = null;

  constructor(
    private readonly command: LeaseCommand<Request, Outcome>,
    private readonly connection: RedisConnection,
  ) {}

  /** @throws StoreUnavailableError, StoreRejectedError or CorruptLeaseError */
  run(request: Request, call: CallOptions): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.command.check?.(request);
      const args = this.command.argumentsOf(request);
      if (this.asked.push({ request, args, call, resolve, reject }) === 1) atEndOfTurn(() => this.sendAll());
    });
  }

  private sendAll(): void {
    const { asked } = this;
    this.asked = [];
    const isTogether = asked.length > 1 && this.command.isAlone !== true && this.connection.takesManyKeys;
    for (const some of isTogether ? inCommands(asked) : asked.map(each => [each])) this.send(some);
  }

  private send(asked: readonly Asked<Request, Outcome>[], isLoaded = false): void {
    const { command } = this;
    const { script } = command;
    const words: Argument[] = [];
    for (const { request } of asked) for (const key of command.keysOf(request)) words.push(key);
    for (const { args } of asked) for (const argument of args) words.push(argument);
    const keyCount = script.keys * asked.length;
    const evalsha = (client: RedisClient): Promise<unknown> =>
      client.evalshaBuffer(script.sha1, keyCount, words);
    this.connection.send(mostImpatient(asked), evalsha).then(
      reply => {
        const replies = asked.length === 1 ? [reply] : repliesOf(reply, asked.length);
        asked.forEach((each, index) => this.answer(each, replies[index]));
      },
      (error: unknown) => {
        if (isNoScript(error) && !isLoaded) return void this.loadAndSend(asked);
        if (asked.length === 1 || !isSlotRefusal(error)) return rejectAll(asked, error);
        this.connection.keepApart();
        for (const each of asked) this.send([each]);
      },
    );
  }

  /** What was given up meanwhile is not sent. Never rejects. */
  private async loadAndSend(asked: readonly Asked<Request, Outcome>[]): Promise<void> {
    try {
      await this.load(mostImpatient(asked));
    } catch (error) {
      return rejectAll(asked, error);
    }
    const wanted = asked.filter(({ call }) => call.signal?.aborted !== true);
    const late = notConnected('the deadline passed while Redis was given a script that it did not know');
    for (const each of asked) if (!wanted.includes(each)) each.reject(late);
    if (wanted.length > 0) this.send(wanted, true);
  }

  /** Many commands may find the script missing at the same time; one load serves them all. */
  private load(call: CallOptions): Promise<void> {
    return (this.loading ??= this.connection
      .send(call, client => loadInto(client, this.command.script))
      .finally(() => (this.loading = null)));
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
function inCommands<
  Each extends { readonly request: { readonly key: string }; readonly args: readonly unknown[] },
>(asked: readonly Each[]): Each[][] {
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

/**
 * Makes a script known to every master that can be reached, since any of them may have said that it does not know it.
 * @throws what ioredis throws, when none could be reached
 */
async function loadInto(client: RedisClient, script: RedisScript): Promise<void> {
  const masters = mastersOf(client);
  const results = await Promise.allSettled(masters.map(master => master.script('LOAD', script.source)));
  if (results.some(result => result.status === 'fulfilled')) return;
  const failure = results.find(result => result.status === 'rejected');
  throw failure === undefined ? notConnected('the Cluster has no master') : failure.reason;
}

function rejectAll(asked: readonly Asked<{ readonly key: string }, never>[], error: unknown): void {
  for (const { request, reject } of asked) reject(failure(error, request.key));
}

function failure(error: unknown, key: string): Error {
  if (!isNoScript(error)) return toStoreError(error, key);
  return new StoreRejectedError(
    'Redis does not know a script that it was just given; it may be restarting. It may succeed when tried again.',
    { retryable: true, cause: error },
  );
}
