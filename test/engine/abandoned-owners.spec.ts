import { describe, expect, it } from '@jest/globals';
import { ElapsedTime } from '../../lib/core/lease-timing.js';
import { AbandonedOwners } from '../../lib/engine/abandoned-owners.js';
import { VirtualClock } from '../../lib/testing/index.js';

function setUp() {
  const clock = new VirtualClock();
  const owners = new AbandonedOwners(new ElapsedTime(clock));
  const size = (): number => (owners as any).owners.size;
  return { clock, owners, size };
}

describe('abandoned owners', () => {
  it('are remembered for as long as asked, and not longer', () => {
    const { clock, owners } = setUp();
    owners.remember('a', 1000);
    expect([owners.has('a'), owners.has('b'), owners.has(undefined)]).toEqual([true, false, false]);
    clock.block(999);
    expect(owners.has('a')).toBe(true);
    clock.block(1);
    expect(owners.has('a')).toBe(false);
  });

  it('of which time is over take no memory once another comes', () => {
    const { clock, owners, size } = setUp();
    for (let i = 0; i < 100; i++) owners.remember(`old-${i}`, 1000);
    clock.block(1001);
    owners.remember('new', 1000);
    expect(size()).toBe(1);
  });

  it('are at most 10,000: the eldest are forgotten', () => {
    const { owners, size } = setUp();
    for (let i = 0; i < 10_050; i++) owners.remember(`${i}`, 1e9);
    expect(size()).toBe(10_000);
    expect([owners.has('0'), owners.has('49'), owners.has('50'), owners.has('10049')]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});
