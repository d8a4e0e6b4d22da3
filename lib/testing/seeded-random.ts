import type { RandomSource } from '../core/ports.js';

/**
 * Chance that repeats: two sources with the same seed give the same numbers and the same ids. Sources that meet at one
 * store need different seeds, since their ids must differ.
 *
 * Numbers are those of mulberry32; good for tests, not for secrets.
 */
export function createSeededRandom(seed: number | string): RandomSource {
  let state = hash(String(seed));
  let count = 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
    id: () => `${seed}-${(++count).toString(36)}`,
  };
}

/** FNV-1a, so that seeds 1 and 2 start far apart. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value | 0;
}
