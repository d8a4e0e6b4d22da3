import { leaseScript, type LeaseScript } from './many-scripts.js';
import { SCRIPTS } from './scripts.generated.js';

/**
 * The acquire script with the restart guard before it: a Redis that has been up for less than `maxTtl` grants nothing,
 * since a lease from before its start may still be held.
 */
export function guardedAcquire(maxTtlMs: number): LeaseScript {
  return leaseScript(SCRIPTS.acquire, `local maxTtlMs = ${maxTtlMs}\n${SCRIPTS.guard.source}`);
}
