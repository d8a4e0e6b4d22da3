import { describeValue } from '../../core/describe-value.js';
import { OptionsInvalidError } from '../../core/errors.js';
import type { InsteadOfRunning } from './decorator-types.js';

/** What the call of a guarded method answers when the method is not run. */
export function insteadOfRunning(
  instead: InsteadOfRunning,
  error: Error,
  instance: object,
  args: unknown[],
): unknown {
  if (instead === 'throw') throw error;
  if (instead === 'skip') return undefined;
  return Reflect.apply(instead, instance, args);
}

/** @throws OptionsInvalidError when `value` is none of the three forms */
export function assertInsteadOfRunning(option: string, value: unknown, label: string): void {
  if (value === 'throw' || value === 'skip' || typeof value === 'function') return;
  throw new OptionsInvalidError([
    `${option} (${describeValue(value)}) of ${label} must be 'throw', 'skip' or a function; try 'skip'`,
  ]);
}
