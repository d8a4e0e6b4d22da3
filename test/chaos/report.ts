import type { ChaosRecord } from './chaos-record.js';
import type { Gap } from './availability.js';
import type { DoneFault } from './fault-injector.js';
import { unexplained, type Overlap } from './overlaps.js';
import { tally, type Verdict } from './verdict.js';

/** A run on one page. */
export function reportOf(record: ChaosRecord, verdict: Verdict): string {
  const { faults, skippedFaults, ttlMs } = record;
  const { overlaps, promisedOverlaps, rejected, staleAccepted, signals, violations } = verdict;
  const rows: [string, string][] = [
    ['store, seed', `${record.storeName}, ${record.seed}`],
    ['duration', `${seconds(record.run.to - record.run.from)}, TTL ${ttlMs} ms`],
    [
      'faults injected',
      `${faults.length} (${list(tally(faults.map(it => it.kind)))}); skipped ${skippedFaults}`,
    ],
    ['acquisitions', `${verdict.acquisitions}, of which ${verdict.claims} were read as held`],
    ['leases lost', list(verdict.losses)],
    ['acquisitions that failed', list(verdict.failures)],
    ...verdict.gaps.map((gap): [string, string] => {
      return [`longest without access: ${gap.key}`, `${seconds(gap.ms)} (${reasonsFor(gap, faults)})`];
    }),
    [
      'overlaps inside assumptions',
      `${unexplained(overlaps)} as read, ${unexplained(promisedOverlaps)} as promised`,
    ],
    [
      'overlaps after a wipe (outside)',
      `${overlaps.length - unexplained(overlaps)} as read, ${promisedOverlaps.length - unexplained(promisedOverlaps)} as promised`,
    ],
    ['stale accesses rejected', `${rejected.reads} reads, ${rejected.writes} writes`],
    ['stale accesses accepted', `${staleAccepted.reads} reads, ${staleAccepted.writes} writes`],
    ['fencing tokens out of order', `${verdict.tokensOutOfOrder}`],
    ...verdict.counters.map(({ key, value, writes }): [string, string] => [
      `counter of ${key}`,
      `${value}, ${value === writes ? 'exactly' : 'but'} ${writes} writes accepted`,
    ]),
    [
      'longest signal delay',
      `${signals.longestMs.toFixed(1)} ms; ${signals.longestInTimeMs.toFixed(1)} ms with a timely event loop (${signals.heard} heard from timers)`,
    ],
    ['largest step of the wall clock', `${record.largestClockStepMs.toFixed(1)} ms`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  const worst = [...overlaps, ...promisedOverlaps].filter(it => !it.isExplained).slice(0, 5);
  return [
    '',
    ...table,
    '',
    ...worst.map(overlap => describe(overlap, record.run.from)),
    violations.length === 0 ? 'PASSED' : `FAILED:\n${violations.map(it => `- ${it}`).join('\n')}`,
  ].join('\n');
}

/** Outages of the store; else what was done to the last holder. */
function reasonsFor({ outages, lastLease, from, to }: Gap, faults: readonly DoneFault[]): string {
  if (outages.length > 0) return outages.join(', ');
  const slot = parseInt(lastLease ?? '', 10);
  const own = faults.filter(fault => fault.slot === slot && fault.from < to && fault.to > from);
  const kinds = own.map(fault => fault.kind).join(', ');
  return `no outage of the store; the last holder had ${kinds === '' ? 'no fault' : kinds}`;
}

function describe({ key, first, second, from, to }: Overlap, start: number): string {
  const at = (time: number): string => `+${((time - start) / 1000).toFixed(3)} s`;
  const claim = (it: Overlap['first']): string =>
    `${it.lease} (token ${it.token}; ${at(it.from)} to ${at(it.to)}, promised to ${at(it.promisedTo)})`;
  return `overlap of ${(to - from).toFixed(1)} ms on ${key} at ${at(from)}: ${claim(first)} and ${claim(second)}`;
}

function list(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return parts.length === 0 ? 'none' : parts.map(([name, count]) => `${count} ${name}`).join(', ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
