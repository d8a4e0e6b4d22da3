import { describeValue } from './describe-value.js';
import { formatDuration, parseDuration } from './duration.js';
import { OptionsInvalidError } from './errors.js';

/** Collects everything that is wrong with a set of options, so that one error names all of it. */
export class OptionProblems {
  private readonly problems: string[] = [];

  add(problem: string): void {
    this.problems.push(problem);
  }

  /** @returns ms; `fallbackMs` when absent or wrong */
  duration(name: string, value: unknown, fallbackMs: number, minMs: number, maxMs: number): number {
    if (value === undefined) return fallbackMs;
    const ms = parseDuration(value);
    if (ms === undefined) {
      this.add(`${name} (${describeValue(value)}) must be a duration; try 5000 (ms) or '5s'`);
    } else if (ms < minMs || ms > maxMs) {
      const range =
        maxMs === Infinity
          ? `at least ${formatDuration(minMs)}`
          : `between ${formatDuration(minMs)} and ${formatDuration(maxMs)}`;
      this.add(
        `${name} (${describeValue(value)}) must be ${range}; try '${formatDuration(Math.min(Math.max(ms, minMs), maxMs))}'`,
      );
    } else {
      return ms;
    }
    return fallbackMs;
  }

  /** One of a few words, or absent. */
  choice(name: string, value: unknown, words: readonly string[]): void {
    if (value === undefined || words.includes(value as string)) return;
    this.add(
      `${name} (${describeValue(value)}) must be ${words.map(word => `'${word}'`).join(' or ')}; try '${words[0]}'`,
    );
  }

  /** @throws OptionsInvalidError when anything was added */
  throwIfAny(): void {
    if (this.problems.length > 0) throw new OptionsInvalidError(this.problems);
  }
}
