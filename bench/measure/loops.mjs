/**
 * Runs `concurrency` loops of `cycle` at the same time until `ms` have passed. A single loop takes a new key each time, as an
 * application that locks orders would; each of several stays with one key, and no two have the same.
 *
 * @param {(key: string) => Promise<unknown>} cycle
 * @param {{ concurrency: number, ms: number, isSameKey?: boolean }} options `isSameKey`: the single loop stays with one key, too
 * @returns {Promise<number>} cycles done
 */
export async function loopFor(cycle, { concurrency, ms, isSameKey = concurrency > 1 }) {
  const end = performance.now() + ms;
  const batch = Math.random().toString(36).slice(2, 8);
  let cycles = 0;
  const loop = async name => {
    for (let i = 0; performance.now() < end; i++) {
      await cycle(isSameKey ? name : `${name}-${i}`);
      cycles++;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, i) => loop(`bench-${batch}-${i}`)));
  return cycles;
}

/** As {@link loopFor}, but `count` cycles in all. */
export async function loopTimes(cycle, { concurrency, count }) {
  let begun = 0;
  const loop = async name => {
    while (begun < count) {
      const i = begun++;
      await cycle(concurrency > 1 ? name : `${name}-${i}`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, i) => loop(`bench-wire-${i}`)));
}

/**
 * @param {() => Promise<number>} work resolves with the number of cycles
 * @returns {Promise<{ cyclesPerS: number, cpuUsPerCycle: number }>}
 */
export async function timed(work) {
  globalThis.gc();
  const cpu = process.cpuUsage();
  const start = performance.now();
  const cycles = await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { cyclesPerS: (cycles / ms) * 1000, cpuUsPerCycle: (user + system) / cycles };
}
