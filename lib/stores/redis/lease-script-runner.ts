import type { CallOptions } from '../../core/lease-store.js';
import { atEndOfTurn } from '../../platform/next-turn.js';
import type { LeaseScript } from './many-scripts.js';
import type { RedisConnection } from './redis-connection.js';
import { isNoScript, replyError, toStoreError } from './redis-errors.js';
import { scriptError, tooLate, type ScriptRunner } from './script-runner.js';

/** How many leases one command is about at most. Redis does nothing else meanwhile; each takes it some 10 µs. */
const MAX_PER_COMMAND = 100;

/** What is asked for one lease. */
interface LeaseRequest {
  readonly subject: string;
  readonly keys: readonly string[];
  readonly args: readonly (string | Buffer)[];
  readonly call: CallOptions;
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

/**
 * Runs one script for the leases of many callers. What is asked in the same turn of the event loop goes out at its end, in one
 * command for many leases: so much less is spent on each, here and by Redis. In a Cluster, where each lease has a slot of its
 * own, and while the connection does not stand, each goes by itself.
 */
export class LeaseScriptRunner {
  private asked: LeaseRequest[] = [];

  constructor(
    private readonly script: LeaseScript,
    private readonly runner: ScriptRunner,
    private readonly connection: RedisConnection,
  ) {}

  /**
   * @param subject the key of the lease, for errors
   * @returns what the script answered
   * @throws StoreUnavailableError, StoreRejectedError or CorruptLeaseError
   */
  run(
    subject: string,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
    call: CallOptions,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.asked.push({ subject, keys, args, call, resolve, reject }) === 1)
        atEndOfTurn(() => this.sendAll());
    });
  }

  private sendAll(): void {
    const { asked } = this;
    this.asked = [];
    if (asked.length === 1 || !this.connection.isOneServer)
      return asked.forEach(each => this.sendAlone(each));
    for (let first = 0; first < asked.length; first += MAX_PER_COMMAND)
      void this.sendTogether(asked.slice(first, first + MAX_PER_COMMAND));
  }

  private sendAlone({ subject, keys, args, call, resolve, reject }: LeaseRequest): void {
    this.runner.run({ script: this.script.one, keys, args }, subject, call).then(resolve, reject);
  }

  /** Never rejects. */
  private async sendTogether(requests: readonly LeaseRequest[], isLoaded = false): Promise<void> {
    const keys = requests.flatMap(request => request.keys);
    const args = requests.flatMap(request => [`${request.args.length}`, ...request.args]);
    const timeoutMs = Math.min(...requests.map(({ call }) => call.timeoutMs));
    const { many } = this.script;
    try {
      const replies = await this.runner.attempt({ script: many, keys, args }, { timeoutMs });
      requests.forEach((request, index) => answer(request, replyOf(replies, index)));
    } catch (error) {
      if (isNoScript(error) && !isLoaded) return this.loadAndSend(requests);
      for (const { subject, reject } of requests) reject(scriptError(error, subject));
    }
  }

  /** What was given up meanwhile is not sent. Never rejects. */
  private async loadAndSend(requests: readonly LeaseRequest[]): Promise<void> {
    try {
      await this.runner.load(this.script.many);
      const [late, wanted] = [true, false].map(isLate =>
        requests.filter(({ call }) => (call.signal?.aborted === true) === isLate),
      ) as [LeaseRequest[], LeaseRequest[]];
      for (const { reject } of late) reject(tooLate());
      if (wanted.length > 0) await this.sendTogether(wanted, true);
    } catch (error) {
      for (const { subject, reject } of requests) reject(toStoreError(error, subject));
    }
  }
}

/** A word in the place of the list says something of all of them. */
function replyOf(replies: unknown, index: number): unknown {
  return Array.isArray(replies) && Array.isArray(replies[0]) ? replies[index] : replies;
}

function answer({ subject, resolve, reject }: LeaseRequest, reply: unknown): void {
  if (Array.isArray(reply) && String(reply[0]) === 'failed')
    reject(toStoreError(replyError(String(reply[1])), subject));
  else resolve(reply);
}
