import type { Clock } from './ports.js';

/** How much faster or slower than another machine's a clock may run: 1 %. */
export const DEFAULT_DRIFT_RATE = 0.01;

/** The most that can be configured. */
export const MAX_DRIFT_RATE = 0.1;

/** Differences between two clocks below this are rounding, not a jump. `lossMarginMs` covers them. */
const CLOCK_RESOLUTION_MS = 2;

/**
 * How long before the store can end a lease its holder stops believing in it: the drift that may build up over one TTL,
 * and time for the abort signal to be heard.
 */
export function lossMarginMs(ttlMs: number, driftRate: number): number {
  return Math.max(ttlMs * driftRate + CLOCK_RESOLUTION_MS, Math.min(ttlMs / 10, 50));
}

/** Until when a lease that was requested at `sentAt` is held, on the holder's clock. */
export function validUntil(sentAt: number, ttlMs: number, driftRate: number): number {
  return sentAt + ttlMs - lossMarginMs(ttlMs, driftRate);
}

/** How long a contender that watches a record must see it unchanged before it may take the key over. */
export function takeOverAfterMs(ttlMs: number, driftRate: number): number {
  return ttlMs + ttlMs * driftRate + CLOCK_RESOLUTION_MS;
}

/** Pause before a failed renewal is tried again; `chance` in [0, 1) spreads replicas. */
export function renewalRetryDelayMs(ttlMs: number, chance: number): number {
  return Math.min(ttlMs / 20, 500) * (0.5 + chance);
}

/** How much sooner than it is due a renewal may go along with others: it costs far less than one by itself. */
export function earlyRenewalMs(renewEveryMs: number): number {
  return Math.min(renewEveryMs / 20, 10);
}

/** Full-jitter poll: grows with the number of attempts so far and stays below `maxMs`. */
export function pollDelayMs(attempt: number, maxMs: number, chance: number): number {
  const ceilingMs = Math.min(maxMs, 50 * 2 ** Math.min(attempt, 20));
  return Math.max(5, ceilingMs * chance);
}

/**
 * A holder's own clock: monotonic time, plus whatever the wall clock gained on it. Suspended time, during which the
 * monotonic clock may stand still, therefore counts. A step back hides no time that had passed before the last reading; one
 * together with a suspension, without a reading between them, hides it, which no code can see. A wall clock stepped forward
 * counts too: its holder gives up early, which is safe.
 *
 * A gain is counted once it exceeds the resolution of the two clocks; summing every rounding error instead would make
 * this clock run faster the more often it is read.
 */
export class ElapsedTime {
  private wallMs: number;
  private wallLeadMs: number;
  private gainedMs = 0;

  constructor(private readonly clock: Clock) {
    this.wallMs = clock.wallMs();
    this.wallLeadMs = this.wallMs - clock.monotonicMs();
  }

  /** Milliseconds on this holder's clock; never goes back. */
  now(): number {
    const wallMs = (this.wallMs = this.clock.wallMs());
    const nowMs = this.clock.monotonicMs();
    if (Math.abs(wallMs - nowMs - this.wallLeadMs) > CLOCK_RESOLUTION_MS) return this.compare();
    return nowMs + this.gainedMs;
  }

  /** Takes a difference into account that may be a gain, a step back, or nothing but a pause between two readings. */
  private compare(): number {
    // Between two readings the process may be stopped for a while, which must not pass for a gain of either clock.
    const beforeMs = this.clock.monotonicMs();
    const wallMs = this.clock.wallMs();
    const afterMs = this.clock.monotonicMs();
    const [leastLeadMs, mostLeadMs] = [wallMs - afterMs, wallMs - beforeMs];
    if (leastLeadMs - this.wallLeadMs > CLOCK_RESOLUTION_MS) {
      this.gainedMs += leastLeadMs - this.wallLeadMs;
      this.wallLeadMs = leastLeadMs;
    } else if (this.wallLeadMs - mostLeadMs > CLOCK_RESOLUTION_MS) {
      this.wallLeadMs = mostLeadMs;
    }
    return afterMs + this.gainedMs;
  }

  /** The wall clock, as of the last {@link now}. */
  get lastWallMs(): number {
    return this.wallMs;
  }

  /** How much the wall clock has gained so far; tells a jump from plain waiting. */
  get gainedSoFarMs(): number {
    return this.gainedMs;
  }
}
