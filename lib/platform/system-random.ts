import { randomBytes } from 'node:crypto';
import type { RandomSource } from '../core/ports.js';

/** Chance and ids of this process. No id is derived from an earlier one: a process may be cloned from a snapshot. */
export const systemRandom: RandomSource = {
  next: () => Math.random(),
  id: () => randomBytes(16).toString('base64url'),
};
