import { lossMarginMs, DEFAULT_DRIFT_RATE } from '../../lib/core/lease-timing.js';
import { gapsOf, type Gap, type Outage } from './availability.js';
import type { ChaosRecord } from './chaos-record.js';
import { claimsOf } from './claims.js';
import { GrantOrder } from './grant-order.js';
import { overlapsOf, unexplained, type Overlap, type Span } from './overlaps.js';
import { signalDelaysOf, type SignalDelays } from './signal-delays.js';

/** What a run has shown. */
export interface Verdict {
  readonly acquisitions: number;
  readonly claims: number;
  /** By readings of `isHeld`. */
  readonly overlaps: readonly Overlap[];
  /** By `remainingMs` as last read: what a process promised that was stopped or killed then. */
  readonly promisedOverlaps: readonly Overlap[];
  /** The longest of each key. */
  readonly gaps: readonly Gap[];
  /** Keys that nobody could use for long, without an outage of the store. */
  readonly stuckKeys: number;
  readonly rejected: { readonly reads: number; readonly writes: number };
  readonly staleAccepted: { readonly reads: number; readonly writes: number };
  readonly tokensOutOfOrder: number;
  readonly counters: readonly { readonly key: string; readonly value: number; readonly writes: number }[];
  readonly losses: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
  readonly signals: SignalDelays;
  /** What must not have been; empty if all is well. */
  readonly violations: readonly string[];
}

/** A key that nobody used for so long, without an outage of the store, is stuck. */
const LONGEST_GAP_TTLS = 10;

/** Judges a run by what its processes have written down. */
export function judge(record: ChaosRecord): Verdict {
  const { entries, accesses, ttlMs, faults } = record;
  const claims = claimsOf(entries);
  const outside = outsideOf(record);
  const order = new GrantOrder(claims, outside);
  const stale = order.staleAmong(accesses);
  const refused = accesses.filter(access => !access.accepted);
  const outages = outagesOf(record);
  const gaps = record.keys.map(key => gapsOf(key, accesses, record.run, outages));
  const isTooLong = (gap: Gap): boolean => gap.unexplainedMs > LONGEST_GAP_TTLS * ttlMs;
  const counted = {
    acquisitions: entries.filter(entry => entry.kind === 'granted').length,
    claims: claims.length,
    overlaps: overlapsOf(claims, 'to', outside),
    promisedOverlaps: overlapsOf(claims, 'promisedTo', outside),
    gaps: gaps.map(ofKey => ofKey[0]!),
    stuckKeys: gaps.filter(ofKey => ofKey.some(isTooLong)).length,
    rejected: byOperation(refused),
    staleAccepted: byOperation(stale),
    tokensOutOfOrder: order.tokensOutOfOrder().length,
    counters: record.keys.map(key => ({
      key,
      value: record.counters[key] ?? 0,
      writes: accesses.filter(it => it.key === key && it.op === 'write' && it.accepted).length,
    })),
    losses: tally(entries.flatMap(entry => (entry.kind === 'lost' ? [entry.cause] : []))),
    failures: tally(entries.flatMap(entry => (entry.kind === 'failed' ? [entry.code] : []))),
    signals: signalDelaysOf(entries, lossMarginMs(ttlMs, DEFAULT_DRIFT_RATE)),
  };
  const defects = entries.flatMap(entry => (entry.kind === 'defect' ? [entry.what] : []));
  const violations = [
    ...record.defects,
    ...defects,
    ...violationsOf(counted),
    ...weaknessesOf(counted, faults.length, record),
  ];
  return { ...counted, violations };
}

type Counted = Omit<Verdict, 'violations'>;

function violationsOf(counted: Counted): string[] {
  const { overlaps, promisedOverlaps, staleAccepted, tokensOutOfOrder, counters, stuckKeys, signals } =
    counted;
  const found: [number, string][] = [
    [unexplained(overlaps), 'overlaps of leases that were read as held, inside the assumptions'],
    [unexplained(promisedOverlaps), 'overlaps of leases that promised to be held, inside the assumptions'],
    [staleAccepted.reads + staleAccepted.writes, 'stale accesses were accepted'],
    [tokensOutOfOrder, 'fencing tokens did not grow'],
    [signals.broken, 'signals came later than the loss margin although the event loop came round in time'],
    [
      counters.filter(it => it.value !== it.writes).length,
      'counters differ from the number of accepted writes',
    ],
    [stuckKeys, `keys were not used for over ${LONGEST_GAP_TTLS} TTLs without an outage`],
  ];
  return found.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
}

/** What makes a run prove too little. */
function weaknessesOf(counted: Counted, faults: number, record: ChaosRecord): string[] {
  const { seconds, keys, calm, accesses } = record;
  const idle = keys.filter(
    key => !accesses.some(it => it.key === key && it.accepted && it.at > calm.from && it.at < calm.to),
  );
  const weak: [boolean, string][] = [
    [faults < seconds / 2, `only ${faults} faults`],
    [counted.acquisitions < seconds, `only ${counted.acquisitions} acquisitions`],
    [seconds >= 60 && counted.rejected.writes === 0, 'no stale write came to the fence'],
    [idle.length > 0, `nobody used ${idle.join(', ')} after the last fault`],
  ];
  return weak.filter(([isWeak]) => isWeak).map(([, what]) => what);
}

/** A wipe leaves the old holder and a new one, until the last lease from before is over. */
function outsideOf({ faults, ttlMs }: ChaosRecord): Span[] {
  const wipes = faults.filter(fault => fault.kind === 'store-wipe');
  return wipes.map(({ from, to }) => ({ from, to: to + ttlMs }));
}

function outagesOf({ faults, guardMs }: ChaosRecord): Outage[] {
  const outages = faults.filter(({ kind }) => kind.startsWith('store-') && kind !== 'store-wipe');
  return outages.map(({ kind, from, to }) => ({
    what: kind,
    from,
    to: to + (kind === 'store-stop' ? 0 : guardMs),
  }));
}

function byOperation(accesses: readonly { op: 'read' | 'write' }[]): { reads: number; writes: number } {
  const reads = accesses.filter(access => access.op === 'read').length;
  return { reads, writes: accesses.length - reads };
}

/** How often each came. */
export function tally(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
