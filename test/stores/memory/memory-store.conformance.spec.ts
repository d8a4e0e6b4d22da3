import { describe, expect, it } from '@jest/globals';
import { memoryStore } from '../../../lib/stores/memory/index.js';
import type { ConformanceHarness } from '../../../lib/testing/index.js';
import { leaseStoreConformance, VirtualClock } from '../../../lib/testing/index.js';

const clock = new VirtualClock();
const shared = memoryStore({ clock });
const harness: ConformanceHarness = {
  open: async () => shared,
  reopen: async () => shared,
  elapse: ms => clock.advance(ms),
  ttlMs: 1000,
  findsSlots: true,
};

describe('memory store, conformance', () => {
  const cases = leaseStoreConformance(harness);

  for (const { name, run } of cases) it(name, run);

  it('is asked at least 50 things, each under its own name', () => {
    expect(cases.length).toBeGreaterThanOrEqual(50);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });
});
