import { describeValue } from '../../core/describe-value.js';
import type { Duration } from '../../core/duration.js';
import { OptionProblems } from '../../core/option-problems.js';

/** How a table is made. */
export interface TableOptions {
  /** Provisioned throughput, in units per second. @default on demand */
  throughput?: { read: number; write: number };
  tags?: Record<string, string>;
  /** How long to wait until the table is ACTIVE. @default 60 s */
  timeout?: Duration;
}

/** Complete. */
export interface ResolvedTableOptions {
  readonly throughput?: { readonly read: number; readonly write: number };
  readonly tags: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const MIN_TIMEOUT_MS = 1000;
const MAX_TIMEOUT_MS = 3_600_000;
const MAX_TAGS = 50;
const MAX_TAG_NAME = 128;
const MAX_TAG_VALUE = 256;

/** @throws OptionsInvalidError naming everything that is wrong */
export function resolveTableOptions(options: TableOptions): ResolvedTableOptions {
  const problems = new OptionProblems();
  const resolved = checkTableOptions(options, problems, '');
  problems.throwIfAny();
  return resolved;
}

/**
 * Adds what is wrong to `problems`.
 * @param prefix what stands before the names of these options
 */
export function checkTableOptions(
  options: TableOptions,
  problems: OptionProblems,
  prefix: string,
): ResolvedTableOptions {
  problems.names(options, ['throughput', 'tags', 'timeout'], prefix);
  const { throughput, tags = {}, timeout } = options;
  if (throughput !== undefined) checkThroughput(throughput, problems, `${prefix}throughput`);
  checkTags(tags, problems, `${prefix}tags`);
  const timeoutMs = problems.duration(
    `${prefix}timeout`,
    timeout,
    DEFAULT_TIMEOUT_MS,
    MIN_TIMEOUT_MS,
    MAX_TIMEOUT_MS,
  );
  return Object.freeze({
    ...(throughput && { throughput: { ...throughput } }),
    tags: { ...tags },
    timeoutMs,
  });
}

function checkThroughput(throughput: unknown, problems: OptionProblems, name: string): void {
  if (typeof throughput !== 'object' || throughput === null) {
    problems.add(
      `${name} (${describeValue(throughput)}) must have read and write; try { read: 5, write: 5 }`,
    );
    return;
  }
  problems.names(throughput, ['read', 'write'], `${name}.`);
  const units = throughput as Record<string, unknown>;
  for (const kind of ['read', 'write']) {
    if (Number.isSafeInteger(units[kind]) && (units[kind] as number) > 0) continue;
    problems.add(
      `${name}.${kind} (${describeValue(units[kind])}) must be a whole number of units above 0; try 5`,
    );
  }
}

function checkTags(tags: unknown, problems: OptionProblems, name: string): void {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) {
    problems.add(`${name} (${describeValue(tags)}) must be names with values; try { service: 'billing' }`);
    return;
  }
  const entries = Object.entries(tags as Record<string, unknown>);
  if (entries.length > MAX_TAGS)
    problems.add(`${name} (${entries.length} tags) must be at most ${MAX_TAGS}; remove some`);
  for (const [tag, value] of entries) {
    if (tag === '' || tag.length > MAX_TAG_NAME || tag.startsWith('aws:')) {
      problems.add(
        `${name} must have names of 1 to ${MAX_TAG_NAME} characters that do not start with aws:; rename ${describeValue(tag)}`,
      );
    }
    if (typeof value !== 'string' || value.length > MAX_TAG_VALUE) {
      problems.add(
        `${name}.${tag} (${describeValue(value)}) must be text of at most ${MAX_TAG_VALUE} characters; shorten it`,
      );
    }
  }
}
