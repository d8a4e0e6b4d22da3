import { randomBytes } from 'node:crypto';
import type { RandomSource } from '../core/ports.js';

/**
 * Chance and ids of this process. An id is a random prefix per process and a counter, so that it costs no system call;
 * the prefix is 128 bits, hence ids never meet those of another process.
 */
export function createSystemRandom(): RandomSource {
  const prefix = randomBytes(16).toString('base64url');
  let count = 0;
  return { next: () => Math.random(), id: () => `${prefix}-${(++count).toString(36)}` };
}

/** The source that managers use unless told otherwise. */
export const systemRandom: RandomSource = createSystemRandom();
