import { MAX_TTL_MS, MIN_TTL_MS } from './defaults.js';
import { describeValue } from './describe-value.js';
import { formatDuration, parseDuration } from './duration.js';
import { OptionsInvalidError } from './errors.js';
import type { LeaseStore } from './lease-store.js';
import { nearestName } from './nearest-name.js';

/** What a store says of the options that it takes. */
export type StoreLimits = Pick<LeaseStore, 'name' | 'expiry' | 'maxTtlMs' | 'reservedAttributes'>;

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

  /**
   * A TTL that the store takes.
   * @returns ms; where it is wrong the longest of all, so that nothing else seems too long for it
   */
  ttl(name: string, value: unknown, defaultMs: number, store: StoreLimits, minMs = MIN_TTL_MS): number {
    const ms = this.duration(name, value === undefined ? defaultMs : value, NaN, minMs, MAX_TTL_MS);
    const maxTtlMs = Math.min(MAX_TTL_MS, store.maxTtlMs ?? Infinity);
    if (ms > maxTtlMs) {
      this.add(
        `${name} (${ms} ms) exceeds maxTtl (${maxTtlMs} ms) of the ${store.name} store; ` +
          `lower it, or raise maxTtl to '${formatDuration(ms)}' in all that share the store`,
      );
    }
    return Number.isNaN(ms) ? MAX_TTL_MS : ms;
  }

  /** Adds each name of `options` that is not `known`, with the one that was probably meant. */
  names(options: object, known: readonly string[], prefix = ''): void {
    for (const name of Object.keys(options)) {
      if (known.includes(name)) continue;
      const nearest = nearestName(name, known);
      const remedy = nearest === undefined ? 'remove it' : `did you mean ${prefix}${nearest}?`;
      this.add(`${prefix}${name} is not an option; ${remedy}`);
    }
  }

  /** One of a few words, or absent. */
  choice(name: string, value: unknown, words: readonly string[]): void {
    if (value === undefined || words.includes(value as string)) return;
    this.add(
      `${name} (${describeValue(value)}) must be ${words.map(word => `'${word}'`).join(' or ')}; try '${words[0]}'`,
    );
  }

  /** A switch, or absent. */
  flag(name: string, value: unknown): void {
    if (value === undefined || typeof value === 'boolean') return;
    this.add(`${name} (${describeValue(value)}) must be true or false; try ${name}: true`);
  }

  /** @throws OptionsInvalidError when anything was added */
  throwIfAny(): void {
    if (this.problems.length > 0) throw new OptionsInvalidError(this.problems);
  }
}
