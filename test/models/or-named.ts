import { expect } from '@jest/globals';
import { OptionsInvalidError } from '../../lib/core/errors.js';

/** Options of a manager: one of these, or of what a test adds, must be named where something is wrong. */
export const NAMES = [
  'ttl',
  'renewEvery',
  'wait',
  'pollEvery',
  'expiringAfter',
  'commandTimeout',
  'service',
  'url',
  'driftRate',
  'store',
];

/** Fails with anything but an error that says which of `names` is wrong. @returns `undefined` where it is that */
export async function orNamed<T>(
  work: () => T | Promise<T>,
  names: readonly string[],
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OptionsInvalidError)) throw error;
    expect(error.code).toBe('LOCK_OPTIONS_INVALID');
    for (const problem of error.problems)
      expect([problem, names.some(name => problem.includes(name))]).toEqual([problem, true]);
    return undefined;
  }
}
