import { OptionsInvalidError } from '../core/errors.js';
import type { OptionProblems } from '../core/option-problems.js';

/** Runs a check that throws, and adds what it finds wrong to `problems`. @returns its result, if it had one */
export function collectProblems<T>(problems: OptionProblems, prefix: string, check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    addProblemsOf(error, problems, prefix);
    return undefined;
  }
}

/** Adds what an `OptionsInvalidError` says to `problems`; throws every other error. */
export function addProblemsOf(error: unknown, problems: OptionProblems, prefix = ''): void {
  if (!(error instanceof OptionsInvalidError)) throw error;
  for (const problem of error.problems) problems.add(prefix + problem);
}

/** Runs a check that throws. @throws OptionsInvalidError saying of what the options, or the key, are wrong */
export function labelled<T>(label: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof OptionsInvalidError)) throw error;
    throw new OptionsInvalidError(error.problems.map(problem => `${label}: ${problem}`));
  }
}
