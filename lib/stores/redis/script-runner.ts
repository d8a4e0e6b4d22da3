import { StoreRejectedError } from '../../core/errors.js';
import type { CallOptions } from '../../core/lease-store.js';
import type { RedisClient } from './redis-client.js';
import { mastersOf } from './redis-client.js';
import type { RedisConnection } from './redis-connection.js';
import { isNoScript, notConnected, toStoreError } from './redis-errors.js';
import type { RedisScript } from './scripts.generated.js';

/** Makes a script known to Redis. */
export interface ScriptLoader {
  /**
   * @returns 0 when every reachable master knows it now; else after how many ms the last of them may be told
   * @throws what ioredis throws, when no master could be asked
   */
  load(client: RedisClient, script: RedisScript): Promise<number>;
}

/** What a script answered; or how long it may not run yet. */
export type ScriptResult = { readonly reply: unknown } | { readonly notYetMs: number };

/** Loads at once, on every master, since any of them may have said that it does not know the script. */
export const loadAtOnce: ScriptLoader = {
  load: (client, script) =>
    onMasters(client, async master => {
      await master.script('LOAD', script.source);
      return 0;
    }),
};

/** Does something on every master; fails only when it fails on all of them. @returns the greatest result */
export async function onMasters(
  client: RedisClient,
  task: (master: RedisClient) => Promise<number>,
): Promise<number> {
  const results = await Promise.allSettled(mastersOf(client).map(task));
  const values = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
  if (values.length > 0) return Math.max(...values);
  const failure = results.find(result => result.status === 'rejected');
  throw failure === undefined ? notConnected('the Cluster has no master') : failure.reason;
}

/**
 * Runs scripts by EVALSHA: one round trip. Only where Redis does not know a script, it is loaded and run again. Never
 * falls back to EVAL, which would go round the restart guard.
 */
export class ScriptRunner {
  private readonly loading = new Map<RedisScript, Promise<number>>();

  constructor(private readonly connection: RedisConnection) {}

  /**
   * @param key the lease that the script is about, for errors
   * @param words keys, then arguments
   * @throws StoreUnavailableError, StoreRejectedError or CorruptLeaseError
   */
  async run(
    script: RedisScript,
    key: string,
    words: readonly (string | Buffer)[],
    call: CallOptions,
    loader: ScriptLoader = loadAtOnce,
  ): Promise<ScriptResult> {
    const attempt = (): Promise<unknown> =>
      this.connection.send(call, client => client.evalshaBuffer(script.sha1, script.keys, ...words));
    try {
      return { reply: await attempt() };
    } catch (error) {
      if (!isNoScript(error)) throw toStoreError(error, key);
    }
    try {
      const notYetMs = await this.loadOnce(script, loader);
      if (call.signal?.aborted === true) {
        throw notConnected('the deadline passed while Redis was given a script that it did not know');
      }
      return await attempt().then(
        reply => ({ reply }),
        (error: unknown) => {
          if (notYetMs > 0 && isNoScript(error)) return { notYetMs };
          throw error;
        },
      );
    } catch (error) {
      throw scriptError(error, key);
    }
  }

  /** Many commands may find a script missing at the same time; one load serves them all. */
  private loadOnce(script: RedisScript, loader: ScriptLoader): Promise<number> {
    const running = this.loading.get(script);
    if (running !== undefined) return running;
    const load = this.connection
      .use(client => loader.load(client, script))
      .finally(() => this.loading.delete(script));
    this.loading.set(script, load);
    return load;
  }
}

function scriptError(error: unknown, key: string): Error {
  if (!isNoScript(error)) return toStoreError(error, key);
  return new StoreRejectedError(
    'Redis does not know a script that it was just given; it may be restarting. It may succeed when tried again.',
    { retryable: true, cause: error },
  );
}
