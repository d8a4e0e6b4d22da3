/** Microseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
export function nowUs() {
  return Number(process.hrtime.bigint()) / 1000;
}

/** Waits until the shared clock shows `us`. */
export async function untilUs(us) {
  const ms = (us - nowUs()) / 1000;
  if (ms > 0) await new Promise(resolve => setTimeout(resolve, ms));
}
