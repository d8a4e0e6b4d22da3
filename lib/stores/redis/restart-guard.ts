import { createHash } from 'node:crypto';
import { formatDuration } from '../../core/duration.js';
import type { Clock, LockLogger } from '../../core/ports.js';
import { SCRIPTS, type RedisScript } from './scripts.generated.js';

/**
 * The acquire script with the restart guard before it: a Redis that has been up for less than `maxTtl` grants nothing,
 * since a lease from before its start may still be held.
 */
export function guardedAcquire(maxTtlMs: number): RedisScript {
  const source = `local maxTtlMs = ${maxTtlMs}\n${SCRIPTS.guard.source}${SCRIPTS.acquire.source}`;
  return { ...SCRIPTS.acquire, source, sha1: createHash('sha1').update(source).digest('hex') };
}

/** Tells why grants wait: once per wait, however many ask. */
export class RestartGuardLog {
  private toldUntilMs = -Infinity;

  constructor(
    private readonly maxTtlMs: number,
    private readonly clock: Clock,
    private readonly logger: LockLogger,
  ) {}

  waits(waitMs: number): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.toldUntilMs) return;
    this.toldUntilMs = nowMs + waitMs;
    this.logger.warn(
      `Redis was restarted a short time ago. Leases from before may still be held, so the restart guard grants nothing ` +
        `for another ${waitMs} ms (maxTtl ${formatDuration(this.maxTtlMs)}).`,
    );
  }
}
