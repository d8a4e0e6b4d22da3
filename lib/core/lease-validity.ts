import type { LossCause } from './errors.js';
import { lossMarginMs, validUntil, type ElapsedTime } from './lease-timing.js';
import type { ResolvedTiming } from './options.js';

/** Until when one lease is held, and from when on it is expiring: the rule of promise 1, on the holder's own clock. */
export class LeaseValidity {
  private until: number;
  private longestEndsAt: number;
  private gainedMs: number;

  constructor(
    sentAt: number,
    private readonly timing: ResolvedTiming,
    private readonly elapsed: ElapsedTime,
  ) {
    this.until = validUntil(sentAt, timing.ttlMs, timing.driftRate);
    this.longestEndsAt = sentAt + timing.ttlMs;
    this.gainedMs = elapsed.gainedSoFarMs;
  }

  get validUntil(): number {
    return this.until;
  }

  /** `expiringAfter` past the last success; a longer renewal moves it by as much as it moves `validUntil`. */
  get expiringAt(): number {
    const { ttlMs, driftRate, expiringAfterMs } = this.timing;
    return this.until - Math.max(0, validUntil(0, ttlMs, driftRate) - expiringAfterMs);
  }

  /** By when the store has ended the lease too, on this clock, unless it is renewed. */
  get storeExpiryAt(): number {
    const { ttlMs, driftRate } = this.timing;
    return this.until + 2 * lossMarginMs(ttlMs, driftRate);
  }

  /** The TTL that a renewal sent at `now` has to ask for, so that the store does not end the lease sooner than it would have. */
  ttlNeededMs(now: number, ttlMs: number): number {
    const leftMs = this.longestEndsAt - now;
    // A difference below a µs is rounding, which the loss margin covers; a store may take no more than the TTL.
    return leftMs > ttlMs + 0.001 ? leftMs : ttlMs;
  }

  /** A renewal may have been applied. One in doubt counts: it may be answered yet, when a newer one is what the store holds. */
  mayHaveRenewed(sentAt: number, ttlMs: number): void {
    this.longestEndsAt = Math.max(this.longestEndsAt, sentAt + ttlMs);
  }

  /** Counts a renewal that the store holds as sent at `sentAt`; an older one changes nothing. */
  renewed(sentAt: number, ttlMs: number): void {
    const until = validUntil(sentAt, ttlMs, this.timing.driftRate);
    if (until <= this.until) return;
    this.until = until;
    this.gainedMs = this.elapsed.gainedSoFarMs;
  }

  /** Why the lease is over at `now`; `null` while it is not. */
  overBy(now: number): LossCause | null {
    if (now < this.until) return null;
    const jumpedMs = this.elapsed.gainedSoFarMs - this.gainedMs;
    return now - jumpedMs < this.until ? 'clock-jump' : 'expired';
  }
}
