import { randomFillSync } from 'node:crypto';
import type { RandomSource } from '../core/ports.js';

const ID_BYTES = 16;
const pool = Buffer.alloc(256 * ID_BYTES);

/** How long random bytes may lie in the pool. */
const POOL_LIFE_MS = 100;

let used = pool.length;
let filledAtMs = -Infinity;

/**
 * Chance and ids of this process. No id is derived from an earlier one, and none is made of bytes that have lain in memory for
 * longer than 100 ms: a process may be cloned from a snapshot that was taken while it was idle, and its clones must not
 * share ids.
 */
export const systemRandom: RandomSource = {
  next: () => Math.random(),
  id(): string {
    const nowMs = performance.now();
    if (used === pool.length || nowMs - filledAtMs > POOL_LIFE_MS) {
      randomFillSync(pool);
      used = 0;
      filledAtMs = nowMs;
    }
    return pool.toString('base64url', used, (used += ID_BYTES));
  },
};
