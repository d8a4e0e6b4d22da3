import type { Claim } from './claims.js';

/** A time between two instants. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Two leases of one key that both claimed to be held. */
export interface Overlap extends Span {
  readonly key: string;
  readonly first: Claim;
  readonly second: Claim;
  /** Whether a fault outside the assumptions explains it. */
  readonly isExplained: boolean;
}

/** How many no fault outside the assumptions explains. */
export function unexplained(overlaps: readonly Overlap[]): number {
  return overlaps.filter(overlap => !overlap.isExplained).length;
}

/**
 * All overlaps of claims of one key.
 * @param end until when a claim counts: as read, or as promised
 * @param outside times in which a fault outside the assumptions may have left several holders; each lasts until all leases
 *   from before the fault are over
 */
export function overlapsOf(
  claims: readonly Claim[],
  end: 'to' | 'promisedTo',
  outside: readonly Span[],
): Overlap[] {
  const overlaps: Overlap[] = [];
  const open = new Map<string, Claim[]>();
  for (const second of [...claims].sort((a, b) => a.from - b.from)) {
    if (second[end] <= second.from) continue;
    const still = (open.get(second.key) ?? []).filter(first => first[end] > second.from);
    for (const first of still) {
      const { from } = second;
      const to = Math.min(first[end], second[end]);
      const isExplained = outside.some(span => span.from <= from && to <= span.to);
      overlaps.push({ key: second.key, first, second, from, to, isExplained });
    }
    open.set(second.key, [...still, second]);
  }
  return overlaps;
}
