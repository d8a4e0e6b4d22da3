import assert from 'node:assert/strict';
import type { LeaseAttributes, LeaseData } from '../../lib/core/lease-store.js';

/** Servers and their clocks round. Far less than two TTLs of the commands differ by. */
const SLACK_MS = 50;

interface Kept {
  readonly data?: LeaseData;
  readonly attributes?: LeaseAttributes;
}

/** Data in kind and content; attributes by their own names, none being the same as absent. */
export function assertSameKept(actual: Kept, expected: Kept): void {
  assert.deepEqual(plain(actual.data), plain(expected.data), 'data');
  assert.deepEqual({ ...actual.attributes }, { ...expected.attributes }, 'attributes');
}

/** That a time lies between two others, give or take what servers round. */
export function assertClose(
  actual: number | undefined,
  { from, to }: { from: number; to: number },
  what: string,
): void {
  const isClose = actual !== undefined && actual >= from - SLACK_MS && actual <= to + SLACK_MS;
  assert.ok(isClose, `${what} is ${actual}, not between ${from} and ${to}`);
}

/** Bytes as an object that differs from every text, and from no view of the same bytes. */
function plain(data: LeaseData | undefined): unknown {
  return data === undefined || typeof data === 'string' ? data : { bytes: [...data] };
}
