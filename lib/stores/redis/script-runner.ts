import { StoreRejectedError } from '../../core/errors.js';
import type { CallOptions } from '../../core/lease-store.js';
import type { RedisClient } from './redis-client.js';
import { mastersOf } from './redis-client.js';
import type { RedisConnection } from './redis-connection.js';
import { isNoScript, notConnected, toStoreError } from './redis-errors.js';
import type { RedisScript } from './scripts.generated.js';

/**
 * Makes a script known to every master that can be reached, since any of them may have said that it does not know it.
 * @throws what ioredis throws, when none could be reached
 */
async function load(client: RedisClient, script: RedisScript): Promise<void> {
  const masters = mastersOf(client);
  const results = await Promise.allSettled(masters.map(master => master.script('LOAD', script.source)));
  if (results.some(result => result.status === 'fulfilled')) return;
  const failure = results.find(result => result.status === 'rejected');
  throw failure === undefined ? notConnected('the Cluster has no master') : failure.reason;
}

/** Runs scripts by EVALSHA: one round trip. Only where Redis does not know a script, it is loaded and run again. */
export class ScriptRunner {
  private readonly loading = new Map<RedisScript, Promise<void>>();

  constructor(private readonly connection: RedisConnection) {}

  /**
   * @param key the lease that the script is about, for errors
   * @param words keys, then arguments
   * @returns what the script answered
   * @throws StoreUnavailableError, StoreRejectedError or CorruptLeaseError
   */
  async run(
    script: RedisScript,
    key: string,
    words: readonly (string | Buffer)[],
    call: CallOptions,
  ): Promise<unknown> {
    const attempt = (): Promise<unknown> =>
      this.connection.send(call, client => client.evalshaBuffer(script.sha1, script.keys, ...words));
    try {
      return await attempt();
    } catch (error) {
      if (!isNoScript(error)) throw toStoreError(error, key);
    }
    try {
      await this.loadOnce(script);
      if (call.signal?.aborted === true) {
        throw notConnected('the deadline passed while Redis was given a script that it did not know');
      }
      return await attempt();
    } catch (error) {
      throw scriptError(error, key);
    }
  }

  /** Many commands may find a script missing at the same time; one load serves them all. */
  private loadOnce(script: RedisScript): Promise<void> {
    const running = this.loading.get(script);
    if (running !== undefined) return running;
    const loading = this.connection
      .use(client => load(client, script))
      .finally(() => this.loading.delete(script));
    this.loading.set(script, loading);
    return loading;
  }
}

function scriptError(error: unknown, key: string): Error {
  if (!isNoScript(error)) return toStoreError(error, key);
  return new StoreRejectedError(
    'Redis does not know a script that it was just given; it may be restarting. It may succeed when tried again.',
    { retryable: true, cause: error },
  );
}
