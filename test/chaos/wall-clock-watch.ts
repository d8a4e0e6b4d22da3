import { monotonicMs } from './journal.js';

/** Watches for steps of the wall clock, by which Redis ends leases: exclusion is not promised when it is stepped. */
export class WallClockWatch {
  largestStepMs = 0;
  private lead = leadMs();
  private readonly timer = setInterval(() => {
    const lead = leadMs();
    if (lead === undefined) return;
    if (this.lead !== undefined)
      this.largestStepMs = Math.max(this.largestStepMs, Math.abs(lead - this.lead));
    this.lead = lead;
  }, 50);

  stop(): void {
    clearInterval(this.timer);
  }
}

/** How far the wall clock is ahead; `undefined` where the reading was interrupted. */
function leadMs(): number | undefined {
  const before = monotonicMs();
  const wallMs = Date.now();
  return monotonicMs() - before < 1 ? wallMs - before : undefined;
}
