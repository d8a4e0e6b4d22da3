import { describeValue } from './describe-value.js';
import type { OptionProblems, StoreLimits } from './option-problems.js';

/** Checks data and attributes, wherever a user hands them in. */
export function checkWrites(
  writes: { data?: unknown; attributes?: unknown },
  problems: OptionProblems,
  { name: storeName, reservedAttributes = [] }: StoreLimits,
): void {
  const { data, attributes } = writes;
  if (data !== undefined && data !== null && typeof data !== 'string' && !(data instanceof Uint8Array)) {
    problems.add(`data (${describeValue(data)}) must be text or bytes; try JSON.stringify(data)`);
  }
  if (attributes === undefined) return;
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) {
    problems.add(
      `attributes (${describeValue(attributes)}) must be an object of named scalars; try { shard: 3 }`,
    );
    return;
  }
  for (const [name, value] of Object.entries(attributes)) {
    const isScalar =
      typeof value === 'string' ||
      typeof value === 'boolean' ||
      (typeof value === 'number' && Number.isFinite(value));
    if (!isScalar || name === '') {
      problems.add(
        `attributes.${name} (${describeValue(value)}) must be a named string, finite number or boolean`,
      );
    } else if (reservedAttributes.includes(name)) {
      problems.add(
        `attributes.${name} is a name that the ${storeName} store uses itself; choose another, such as 'my_${name}'`,
      );
    }
  }
}

/** Checks a user's signal, if there is one. */
export function checkSignal(signal: Partial<AbortSignal> | null | undefined, problems: OptionProblems): void {
  if (signal === undefined || typeof signal?.throwIfAborted === 'function') return;
  problems.add(`signal (${describeValue(signal)}) must be an AbortSignal; try AbortSignal.timeout(5000)`);
}
