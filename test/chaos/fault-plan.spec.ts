import { describe, expect, it } from '@jest/globals';
import { planFaults } from './fault-plan.js';

const options = { seed: 'a', forMs: 600_000, workers: 8, keys: ['k', 'l'], ttlMs: 1000 };

describe('the schedule of faults', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planFaults(options)).toEqual(planFaults(options));
    expect(planFaults({ ...options, seed: 'b' })).not.toEqual(planFaults(options));
  });

  it('has several faults per second, none after its end', () => {
    const plan = planFaults(options);
    expect(plan.length).toBeGreaterThan(1200);
    expect(Math.max(...plan.map(fault => fault.at))).toBeLessThan(options.forMs);
  });

  it('has every kind in any minute, but for those that the store cannot have', () => {
    const kinds = (without: ['store-restart-empty'] | []): Set<string> =>
      new Set(planFaults({ ...options, forMs: 60_000, without }).map(fault => fault.kind));
    expect(kinds([]).size).toBe(14);
    expect(kinds(['store-restart-empty']).has('store-restart-empty')).toBe(false);
    expect(kinds(['store-restart-empty']).size).toBe(13);
  });

  it('stops processes for half a TTL to three', () => {
    const stops = planFaults(options).filter(fault => fault.kind === 'stop');
    const durations = stops.map(fault => fault.durationMs);
    expect(Math.min(...durations)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...durations)).toBeLessThanOrEqual(3000);
    expect(new Set(stops.map(fault => fault.slot)).size).toBe(8);
  });
});
