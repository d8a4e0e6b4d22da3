import { describeValue } from './describe-value.js';
import { OptionsInvalidError } from './errors.js';

/** Longest key, in UTF-8 bytes: what the narrowest backend (a DynamoDB sort key) accepts. */
export const MAX_KEY_BYTES = 1024;

/** A half of a surrogate pair without the other, which has no UTF-8 form: encoding replaces it. */
export const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const encoder = new TextEncoder();

/**
 * @returns the key unchanged
 * @throws OptionsInvalidError when it is not a non-empty, well-formed string of at most 1024 bytes. Lone surrogates are
 *   refused because they all encode to the same bytes: two keys would become one.
 */
export function assertKey(key: unknown): string {
  const problem = keyProblem(key);
  if (problem !== undefined) throw new OptionsInvalidError([problem]);
  return key as string;
}

/**
 * @returns the keys, each once, in the order in which every process acquires them: by code units, of no language
 * @throws OptionsInvalidError when there is none, or one of them is no key
 */
export function assertKeys(keys: unknown): readonly string[] {
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new OptionsInvalidError([
      `keys (${describeValue(keys)}) must be an array of at least one key, as in [\`account:\${from}\`, \`account:\${to}\`]`,
    ]);
  }
  const problems = keys.flatMap(key => keyProblem(key) ?? []);
  if (problems.length > 0) throw new OptionsInvalidError(problems);
  return [...new Set(keys as string[])].sort();
}

/** As {@link assertKey}, and refuses what a key function returns when an argument was missing or an object. */
export function assertComputedKey(key: unknown): string {
  const text = assertKey(key);
  const accident = /\[object \w+\]|\bundefined\b|\bNaN\b/.exec(text);
  if (accident !== null) {
    throw new OptionsInvalidError([
      `key ('${text}') contains '${accident[0]}', so an argument of the key function was missing or not a scalar; build the key from ids`,
    ]);
  }
  return text;
}

/** What is wrong with a key, and the remedy; `undefined` for one that can be used. */
export function keyProblem(key: unknown): string | undefined {
  if (typeof key !== 'string')
    return `key (${describeValue(key)}) must be a string; build it from ids, as in \`order:\${id}\``;
  if (key === '') return `key ('') must not be empty; name what is locked, such as 'nightly-report'`;
  // A UTF-16 unit takes three bytes at most, so that most keys need not be encoded to be counted.
  if (key.length * 3 > MAX_KEY_BYTES) {
    const bytes = encoder.encode(key).length;
    if (bytes > MAX_KEY_BYTES)
      return `key ('${key.slice(0, 40)}…', ${bytes} bytes) must not exceed ${MAX_KEY_BYTES} bytes; hash the long part`;
  }
  if (LONE_SURROGATE.test(key)) {
    return `key (${JSON.stringify(key)}) holds a lone surrogate, which has no UTF-8 form; encode binary ids as hex`;
  }
  return undefined;
}
