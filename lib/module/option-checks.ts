import { OptionsInvalidError } from '../core/errors.js';
import type { OptionProblems } from '../core/options.js';
import { nearestName } from './nearest-name.js';

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

/** Adds each name of `options` that is not `known`, with the one that was probably meant. */
export function checkNames(
  options: object,
  known: readonly string[],
  prefix: string,
  problems: OptionProblems,
): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const remedy = nearest === undefined ? 'remove it' : `did you mean ${prefix}${nearest}?`;
    problems.add(`${prefix}${name} is not an option; ${remedy}`);
  }
}
