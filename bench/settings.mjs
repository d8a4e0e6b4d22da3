/**
 * How long and how often everything is measured.
 *
 * @param {{ rounds: number, quick: boolean }} options
 */
export function settings({ rounds, quick }) {
  // Of scenarios whose single measurement takes long
  const fewRounds = Math.ceil(rounds / 3);
  if (!quick) {
    return {
      cycles: { rounds, warmupMs: 1000, measureMs: 2000, wireCycles: 2000 },
      handoff: { rounds, processes: 2, waitersEach: 25, capMs: 60_000 },
      held: { rounds: fewRounds, leases: 10_000, ttlMs: 6000, idleMs: 2000, holdMs: 30_000 },
      growth: {
        leases: [1, 10, 100, 1000, 10_000, 100_000],
        ttlMs: 6000,
        ttlMsOf100k: 15_000,
        idleMs: 2000,
        holdMs: 15_000,
      },
      long: { leases: 100_000, ttlMs: 15_000, idleMs: 2000, holdMs: 300_000 },
      waiters: { rounds: fewRounds, ours: [10, 100, 1000, 10_000], peers: [10, 100], capMs: 20_000 },
      processes: { rounds: fewRounds, counts: [1, 2, 4, 8, 16], waitersEach: 4, measureMs: 3000 },
      memory: { rounds, warmupMs: 500, measureMs: 1500 },
      dynamodb: { rounds, warmupMs: 500, measureMs: 1500, countedCycles: 200 },
    };
  }
  return {
    cycles: { rounds: 1, warmupMs: 100, measureMs: 100, wireCycles: 200 },
    handoff: { rounds: 1, processes: 2, waitersEach: 5, capMs: 10_000 },
    held: { rounds: 1, leases: 500, ttlMs: 1000, idleMs: 200, holdMs: 600 },
    growth: { leases: [1, 1000], ttlMs: 1000, ttlMsOf100k: 1000, idleMs: 200, holdMs: 600 },
    long: { leases: 2000, ttlMs: 1000, idleMs: 200, holdMs: 600 },
    waiters: { rounds: 1, ours: [10, 1000], peers: [10], capMs: 3000 },
    processes: { rounds: 1, counts: [1, 2], waitersEach: 4, measureMs: 200 },
    memory: { rounds: 1, warmupMs: 50, measureMs: 100 },
    dynamodb: { rounds: 1, warmupMs: 50, measureMs: 100, countedCycles: 20 },
  };
}
