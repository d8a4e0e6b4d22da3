import { describe, expect, it } from '@jest/globals';
import {
  lossMarginMs,
  pollDelayMs,
  renewalRetryDelayMs,
  takeOverAfterMs,
  validUntil,
} from '../../lib/core/lease-timing.js';

describe('lease timing', () => {
  it.each([
    // ttl, drift rate, margin
    [50, 0.01, 5],
    [50, 0, 5],
    [100, 0.01, 10],
    [500, 0.01, 50],
    [1000, 0.01, 50],
    [4800, 0.01, 50],
    [5000, 0.01, 52],
    [10_000, 0.01, 102],
    [10_000, 0, 50],
    [15_000, 0.01, 152],
    [1000, 0.1, 102],
    [30 * 86_400_000, 0.01, 25_920_002],
  ])(
    'takes max(ttl·drift + 2, min(ttl/10, 50)) off: ttl %d at drift %d loses %d ms',
    (ttl, drift, margin) => {
      expect(lossMarginMs(ttl, drift)).toBeCloseTo(margin, 6);
      expect(validUntil(1000, ttl, drift)).toBeCloseTo(1000 + ttl - margin, 6);
    },
  );

  it('never grants a holder more than the slowest clock within the drift rate can bear', () => {
    for (const ttl of [50, 77, 100, 999, 1000, 15_000, 60_000, 86_400_000]) {
      for (const drift of [0, 0.001, 0.01, 0.05, 0.1]) {
        // A holder that is slow by `drift` shows ttl·(1 − drift) when the store ends the lease.
        expect(validUntil(0, ttl, drift)).toBeLessThan(ttl * (1 - drift) - 1);
        expect(validUntil(0, ttl, drift)).toBeGreaterThan(ttl / 2);
      }
    }
  });

  it('has a contender that watches wait longer than any holder believes, both clocks drifting apart', () => {
    for (const ttl of [50, 1000, 15_000, 86_400_000]) {
      for (const drift of [0, 0.01, 0.1]) {
        expect(takeOverAfterMs(ttl, drift) / (1 + drift)).toBeGreaterThan(validUntil(0, ttl, drift));
      }
    }
  });

  it.each([
    [1000, 0, 25],
    [1000, 0.999, 74.95],
    [15_000, 0, 250],
    [15_000, 0.5, 500],
    [86_400_000, 0.999, 749.5],
  ])('retries a renewal of ttl %d by chance %d after %d ms', (ttl, chance, ms) => {
    expect(renewalRetryDelayMs(ttl, chance)).toBeCloseTo(ms, 6);
  });

  it.each([
    [0, 1000, 0.5, 25],
    [1, 1000, 0.5, 50],
    [4, 1000, 0.5, 400],
    [5, 1000, 0.5, 500],
    [1_000_000, 1000, 0.999, 999],
    [0, 1000, 0, 5],
    [3, 10, 0.9, 9],
  ])('polls at attempt %d, at most every %d ms, by chance %d after %d ms', (attempt, max, chance, ms) => {
    expect(pollDelayMs(attempt, max, chance)).toBeCloseTo(ms, 6);
  });
});
