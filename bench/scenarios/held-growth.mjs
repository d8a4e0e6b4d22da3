import { describeHold, holdLeases } from '../measure/hold-leases.mjs';

/** What one lease costs, by how many there are. */
export async function heldGrowth({ redis, settings, log }) {
  const { leases, ttlMs, ttlMsOf100k, idleMs, holdMs } = settings.growth;
  const runs = {};
  for (const count of leases) {
    const ownTtlMs = count >= 100_000 ? ttlMsOf100k : ttlMs;
    runs[count] = await holdLeases(redis, {
      contender: 'ours',
      leases: count,
      ttlMs: ownTtlMs,
      idleMs,
      holdMs,
    });
    log(`held-growth, ${count}: ${describeHold(runs[count])}`);
  }
  return { settings: settings.growth, runs };
}
