export const HELD_HEADERS = [
  'CPU, µs per renewal',
  'per lease and second',
  'renewals',
  'commands/s',
  'heap, bytes per lease',
  'RSS, bytes per lease',
  'loop delay p50, ms',
  'p99, ms',
  'max, ms',
  'lost',
  'expired',
];

/** With fewer, the CPU time is that of whatever else the process does. */
const ENOUGH_RENEWALS = 100;
/** With fewer, a lease's share of the heap is that of whatever else changed. */
const ENOUGH_LEASES = 100;

/**
 * What holding cost, in the order of {@link HELD_HEADERS}.
 *
 * @param {(figure: (run: any) => number) => string} cell shows a figure of one run or of several
 */
export function heldCells(cell) {
  const perLease = bytes => run => (run.leases < ENOUGH_LEASES ? NaN : bytes(run));
  return [
    cell(run => (run.renewals < ENOUGH_RENEWALS ? NaN : run.cpuUsPerRenewal)),
    cell(run => (run.renewals < ENOUGH_RENEWALS ? NaN : run.cpuUsPerLeaseAndS)),
    cell(run => run.renewals),
    cell(run => run.commandsPerS),
    cell(perLease(run => run.heapBytesPerLease)),
    cell(perLease(run => run.rssBytesPerLease)),
    cell(run => run.loopDelayMs.p50),
    cell(run => run.loopDelayMs.p99),
    cell(run => run.loopDelayMs.max),
    cell(run => run.lost),
    cell(run => run.expired),
  ];
}
