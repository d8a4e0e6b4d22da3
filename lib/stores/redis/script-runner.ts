import { StoreRejectedError } from '../../core/errors.js';
import type { CallOptions } from '../../core/lease-store.js';
import { mastersOf, type RedisClient } from './redis-client.js';
import type { RedisConnection } from './redis-connection.js';
import { isNoScript, notConnected, toStoreError } from './redis-errors.js';
import type { RedisScript } from './scripts.generated.js';

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

/** A script, and what it is run on. */
export interface ScriptRun {
  readonly script: RedisScript;
  /** How many of the words are keys; the rest are arguments. */
  readonly keyCount: number;
  readonly words: readonly (string | Buffer)[];
}

/** Runs scripts by EVALSHA: one round trip. Only where Redis does not know a script, it is loaded and run again. */
export class ScriptRunner {
  private readonly loading = new Map<RedisScript, Promise<void>>();

  constructor(private readonly connection: RedisConnection) {}

  /**
   * @param subject the key of the lease that it is about, for errors
   * @returns what the script answered
   * @throws StoreUnavailableError, StoreRejectedError or CorruptLeaseError
   */
  async run(run: ScriptRun, subject: string, call: CallOptions): Promise<unknown> {
    try {
      return await this.attempt(run, call);
    } catch (error) {
      if (!isNoScript(error)) throw toStoreError(error, subject);
    }
    try {
      await this.load(run.script, call);
      if (call.signal?.aborted === true) throw tooLate();
      return await this.attempt(run, call);
    } catch (error) {
      throw scriptError(error, subject);
    }
  }

  /** As {@link run}, once, whether Redis knows the script or not. Rejects with what ioredis throws. */
  attempt({ script, keyCount, words }: ScriptRun, call: CallOptions): Promise<unknown> {
    return this.connection.send(call, client => client.evalshaBuffer(script.sha1, keyCount, words));
  }

  /** Many commands may find a script missing at the same time; one load serves them all. @throws what ioredis throws */
  load(script: RedisScript, call: CallOptions): Promise<void> {
    const running = this.loading.get(script);
    if (running !== undefined) return running;
    const loading = this.connection
      .send(call, client => loadInto(client, script))
      .finally(() => this.loading.delete(script));
    this.loading.set(script, loading);
    return loading;
  }
}

/** A command that was given up before Redis knew its script. */
export function tooLate(): Error {
  return notConnected('the deadline passed while Redis was given a script that it did not know');
}

/** What is told of a script that fails although it was loaded. */
export function scriptError(error: unknown, key: string): Error {
  if (!isNoScript(error)) return toStoreError(error, key);
  return new StoreRejectedError(
    'Redis does not know a script that it was just given; it may be restarting. It may succeed when tried again.',
    { retryable: true, cause: error },
  );
}
