import { describe, expect, it } from '@jest/globals';
import { memoryStore } from '../../lib/stores/memory/index.js';
import type { ConformanceHarness } from '../../lib/testing/index.js';
import { leaseStoreConformance, VirtualClock } from '../../lib/testing/index.js';
import { ObservedStore, ObservedTable } from './observed-store.js';

function memoryHarness(own: Partial<ConformanceHarness> = {}): ConformanceHarness {
  const clock = new VirtualClock();
  return {
    open: async () => memoryStore({ clock }),
    elapse: ms => clock.advance(ms),
    ttlMs: 1000,
    findsSlots: true,
    ...own,
  };
}

describe('conformance of a store whose leases end by observation', () => {
  const clock = new VirtualClock();
  const table = new ObservedTable();
  const open = async () => new ObservedStore(table, clock);
  const harness: ConformanceHarness = {
    ...{ open, reopen: open, ttlMs: 1000, expiry: 'observed', lacks: ['whenFreed', 'renewMany'] },
    elapse: ms => clock.advance(ms),
  };
  for (const { name, run } of leaseStoreConformance(harness)) it(name, run);
});

describe('leaseStoreConformance', () => {
  it('leaves out what the harness cannot reach, and nothing else', () => {
    const names = (own: Partial<ConformanceHarness>): string[] =>
      leaseStoreConformance(memoryHarness(own)).map(({ name }) => name);
    const all = names({ reopen: async store => store, corrupt: async () => undefined });
    const without = (own: Partial<ConformanceHarness>): string[] => {
      const left = names({ reopen: async store => store, corrupt: async () => undefined, ...own });
      return all.filter(name => !left.includes(name));
    };
    expect(without({ corrupt: undefined }).every(name => name.includes('corrupt'))).toBe(true);
    expect(without({ lacks: ['whenFreed'] }).every(name => /^(hint|slot: is told of)/.test(name))).toBe(true);
    expect(without({ findsSlots: false }).every(name => /^(pool|slot): /.test(name))).toBe(true);
    expect(
      without({ lacks: ['renewMany'] }).every(name => name.includes('many') || name.includes('renew')),
    ).toBe(true);
    expect(without({ reopen: undefined }).every(name => /reopening|handle/.test(name))).toBe(true);
    expect(without({})).toEqual([]);
  });

  it.each<[string, Partial<ConformanceHarness>]>([
    ['expiry', { expiry: 'observed' }],
    ['whenFreed', { lacks: ['whenFreed'] }],
    ['renewMany', { lacks: ['renewMany'] }],
    ['findsSlots', { findsSlots: false }],
  ])('does not believe a harness that says something else about %s than the store', async (_, own) => {
    const [first] = leaseStoreConformance(memoryHarness(own));
    await expect(first!.run()).rejects.toThrow('as the harness declares it');
  });

  it('starts every name with its group', () => {
    for (const { group, name } of leaseStoreConformance(memoryHarness()))
      expect(name.startsWith(`${group}: `)).toBe(true);
  });

  it('closes each store that it opens, also after a failure', async () => {
    let open = 0;
    const harness = memoryHarness({
      open: async () => {
        open += 1;
        return memoryStore({ clock: new VirtualClock() });
      },
      reopen: async () => {
        open += 1;
        return memoryStore();
      },
      close: async () => void (open -= 1),
    });
    let failed = 0;
    for (const { run } of leaseStoreConformance(harness)) await run().catch(() => (failed += 1));
    expect(failed).toBeGreaterThan(0);
    expect(open).toBe(0);
  });
});
