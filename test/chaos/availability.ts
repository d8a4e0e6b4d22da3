import type { Access } from './journal.js';
import type { Span } from './overlaps.js';

/** A time in which the store could not grant, and why. */
export interface Outage extends Span {
  readonly what: string;
}

/** The longest time in which nobody could use a key. */
export interface Gap extends Span {
  readonly key: string;
  readonly ms: number;
  /** Whose access was the last before; none at the start. */
  readonly lastLease?: string;
  /** Outages in that time. */
  readonly outages: readonly string[];
  /** How much of it no outage covers. */
  readonly unexplainedMs: number;
}

/** The gaps between accepted accesses of a key during `run`, longest first. Accesses are in the order of their time. */
export function gapsOf(
  key: string,
  accesses: readonly Access[],
  run: Span,
  outages: readonly Outage[],
): Gap[] {
  const marks: { at: number; lease?: string }[] = accesses.filter(
    ({ at, accepted, ...access }) => access.key === key && accepted && at > run.from && at < run.to,
  );
  marks.unshift({ at: run.from });
  marks.push({ at: run.to });
  const gaps = marks.slice(1).map(({ at: to }, i): Gap => {
    const { at: from, lease: lastLease } = marks[i]!;
    const hit = outages.filter(outage => outage.from < to && outage.to > from);
    const unexplainedMs = uncoveredMs({ from, to }, hit);
    return { key, from, to, ms: to - from, lastLease, outages: hit.map(it => it.what), unexplainedMs };
  });
  return gaps.sort((a, b) => b.ms - a.ms);
}

function uncoveredMs(span: Span, covers: readonly Span[]): number {
  let at = span.from;
  let uncovered = 0;
  for (const cover of [...covers].sort((a, b) => a.from - b.from)) {
    uncovered += Math.max(0, cover.from - at);
    at = Math.max(at, cover.to);
  }
  return uncovered + Math.max(0, span.to - at);
}
