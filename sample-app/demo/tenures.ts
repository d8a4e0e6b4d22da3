import type { ShardLedger, Tenure } from '../src/shards/shard-ledger.js';

/** Tenures that began since then, once each has been written of. */
export async function served(ledger: ShardLedger, since: number): Promise<Tenure[]> {
  return (await ledger.account()).tenures.filter(({ from }) => from >= since);
}

/** How often a shard went to one replica before another had written its last. */
export function servedByTwo(tenures: readonly Tenure[]): number {
  return successions(tenures).filter(([before, after]) => before.to > after.from).length;
}

/** Longest time in ms between the last write of one and the first of the next, among those that count. */
export function longestIdle(
  tenures: readonly Tenure[],
  counts: (before: Tenure, after: Tenure) => boolean,
): number {
  const counted = successions(tenures).filter(([before, after]) => counts(before, after));
  return Math.max(0, ...counted.map(([before, after]) => after.from - before.to));
}

/** Each tenure of a shard with the one after it, by their tokens. */
function successions(tenures: readonly Tenure[]): [Tenure, Tenure][] {
  const sorted = [...tenures].sort((one, other) => one.shard - other.shard || one.token - other.token);
  return sorted.slice(1).flatMap((after, place) => {
    const before = sorted[place]!;
    return before.shard === after.shard ? [[before, after] as [Tenure, Tenure]] : [];
  });
}
