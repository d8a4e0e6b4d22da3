import { createHash } from 'node:crypto';
import { SCRIPTS, type RedisScript } from './scripts.generated.js';

/**
 * A script that grants with the restart guard before it: a Redis that has been up for less than `maxTtl` grants nothing,
 * since a lease from before its start may still be held.
 */
export function withRestartGuard(script: RedisScript, maxTtlMs: number): RedisScript {
  const source = `local maxTtlMs = ${maxTtlMs}\n${SCRIPTS.guard.source}${script.source}`;
  return { ...script, source, sha1: createHash('sha1').update(source).digest('hex') };
}
