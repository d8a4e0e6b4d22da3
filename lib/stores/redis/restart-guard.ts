import { createHash } from 'node:crypto';
import { formatDuration } from '../../core/duration.js';
import type { Clock, LockLogger } from '../../core/ports.js';
import type { RedisClient } from './redis-client.js';
import { oneConnection } from './redis-client.js';
import { onMasters, type ScriptLoader } from './script-runner.js';
import { SCRIPTS, type RedisScript } from './scripts.generated.js';
import { infoField } from './server-info.js';

/**
 * Keeps a restarted Redis from granting a key that a lease from before the restart may still hold.
 *
 * A restarted server knows no scripts, so the first acquire is answered NOSCRIPT; and the acquire script is given to a
 * server only once it has been up for longer than any lease lives. Uptime is read, and the script loaded, on one
 * connection that never reconnects: both therefore reach the same process.
 */
export class RestartGuard implements ScriptLoader {
  /** When a server may be asked for its uptime again, on the monotonic clock. */
  private readonly notBefore = new WeakMap<RedisClient, number>();

  constructor(
    private readonly maxTtlMs: number,
    private readonly clock: Clock,
    private readonly logger: LockLogger,
  ) {}

  load(client: RedisClient, script: RedisScript): Promise<number> {
    return onMasters(client, master => this.loadOn(master, script));
  }

  private async loadOn(master: RedisClient, script: RedisScript): Promise<number> {
    const knownWaitMs = (this.notBefore.get(master) ?? -Infinity) - this.clock.monotonicMs();
    if (knownWaitMs > 0) return knownWaitMs;
    const connection = master.duplicate(oneConnection('lock-restart-guard'));
    connection.on('error', () => {});
    try {
      await connection.connect();
      const uptimeS = Number(infoField(await connection.info('server'), 'uptime_in_seconds') ?? NaN);
      const waitMs = remainingWaitMs(uptimeS, this.maxTtlMs);
      if (waitMs > 0) {
        this.notBefore.set(master, this.clock.monotonicMs() + waitMs);
        this.logger.warn(
          `Redis has been up for ${uptimeS} s only. Leases from before its restart may still be held, so the ` +
            `restart guard grants nothing for another ${waitMs} ms (maxTtl ${formatDuration(this.maxTtlMs)}).`,
        );
        return waitMs;
      }
      await connection.script('LOAD', script.source);
      return 0;
    } finally {
      connection.disconnect();
    }
  }
}

/**
 * How much longer a server must be up until every lease from before its start has ended.
 *
 * Both ends of `uptime_in_seconds` are cut to whole seconds, so it may be ahead of the truth by almost one second.
 */
export function remainingWaitMs(uptimeS: number, maxTtlMs: number): number {
  if (!Number.isFinite(uptimeS)) return maxTtlMs;
  return Math.max(0, maxTtlMs - (uptimeS - 1) * 1000);
}

/**
 * The acquire script of stores that use the guard with this `maxTtl`. It differs from the plain one, so that a store
 * without guard, or with a shorter `maxTtl`, cannot load it for them.
 */
export function guardedAcquire(maxTtlMs: number): RedisScript {
  const source = `-- restart guard, maxTtl ${maxTtlMs} ms\n${SCRIPTS.acquire.source}`;
  return { ...SCRIPTS.acquire, source, sha1: createHash('sha1').update(source).digest('hex') };
}
