import { expect } from '@jest/globals';
import { OptionsInvalidError } from '../../lib/core/errors.js';
import { resolveModuleOptions } from '../../lib/module/resolve-options.js';
import { silent } from '../support/fixtures.js';

/** Options of a manager: one of these, or of what a test adds, must be named where something is wrong. */
export const NAMES =
  'ttl renewEvery wait pollEvery expiringAfter commandTimeout service url driftRate store'.split(' ');

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

/** Fails unless options of the module work or the error names what is wrong: an option, or one of `more`. @returns whether they work */
export async function moduleWorks(options: unknown, ...more: string[]): Promise<boolean> {
  const environment = { nodeEnv: 'test', logger: silent } as never;
  const context = { environment, methods: [], hookClasses: [] };
  const known = [...NAMES, 'leadership', 'shutdownTimeout', ...more];
  const made = await orNamed(() => resolveModuleOptions(options as never, context), known);
  await made?.manager.store.close?.();
  return made !== undefined;
}
