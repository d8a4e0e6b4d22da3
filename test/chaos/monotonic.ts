/** CLOCK_MONOTONIC in ms: one clock for all processes of a machine, which no step of the wall clock moves. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
