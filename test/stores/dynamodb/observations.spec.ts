import { describe, expect, it } from '@jest/globals';
import { Observations } from '../../../lib/stores/dynamodb/observations.js';
import { VirtualClock } from '../../../lib/testing/index.js';

const LEASE_MS = 1000;
/** The lease, the drift of two clocks over it, and their resolution. */
const TAKE_OVER_MS = 1012;

function setUp(maxKeys?: number) {
  const clock = new VirtualClock();
  return { clock, observations: new Observations(clock, maxKeys) };
}

describe('Observations', () => {
  it('count a lease from when its version was first seen', async () => {
    const { clock, observations } = setUp();
    expect(observations.see('k', 'v1', LEASE_MS)).toEqual({
      version: 'v1',
      freeInMs: TAKE_OVER_MS,
      hasChanged: false,
    });
    await clock.advance(TAKE_OVER_MS - 1);
    expect(observations.see('k', 'v1', LEASE_MS).freeInMs).toBeCloseTo(1);
    await clock.advance(1);
    expect(observations.get('k')).toEqual({ version: 'v1', freeInMs: 0, hasChanged: false });
  });

  it('start anew with each version, for as long as that one says', async () => {
    const { clock, observations } = setUp();
    observations.see('k', 'v1', LEASE_MS);
    await clock.advance(900);
    expect(observations.see('k', 'v2', 2 * LEASE_MS)).toEqual({
      version: 'v2',
      freeInMs: 2022,
      hasChanged: true,
    });
    expect(observations.see('k', 'v2', 2 * LEASE_MS).hasChanged).toBe(true);
  });

  it('take a change for life only if the look before was lately', async () => {
    const { clock, observations } = setUp();
    observations.see('k', 'v1', LEASE_MS);
    await clock.advance(2 * TAKE_OVER_MS);
    expect(observations.see('k', 'v9', LEASE_MS).hasChanged).toBe(false);
    await clock.advance(900);
    observations.see('k', 'v9', LEASE_MS);
    await clock.advance(900);
    expect(observations.see('k', 'v10', LEASE_MS).hasChanged).toBe(true);
  });

  it('go by the monotonic clock alone', () => {
    const { clock, observations } = setUp();
    observations.see('k', 'v1', LEASE_MS);
    for (const jumpMs of [3_600_000, -7_200_000]) {
      clock.jumpWall(jumpMs);
      expect(observations.get('k')?.freeInMs).toBe(TAKE_OVER_MS);
    }
    clock.suspend(3_600_000);
    expect(observations.get('k')?.freeInMs).toBe(TAKE_OVER_MS);
  });

  it('know nothing of a key that was forgotten, or never seen', () => {
    const { observations } = setUp();
    observations.see('k', 'v1', LEASE_MS);
    observations.forget('k');
    expect(observations.get('k')).toBeUndefined();
    expect(observations.see('k', 'v2', LEASE_MS).hasChanged).toBe(false);
  });

  it('of very many keys forget the one that was not looked at for longest', () => {
    const { observations } = setUp(3);
    for (const key of ['a', 'b', 'c']) observations.see(key, 'v', LEASE_MS);
    observations.get('a');
    observations.see('b', 'v', LEASE_MS);
    observations.see('d', 'v', LEASE_MS);
    expect(['a', 'b', 'c', 'd'].filter(key => observations.get(key) !== undefined)).toEqual(['a', 'b', 'd']);
  });

  it('that are noted in passing count as any, by the clocks that drift apart most', async () => {
    const { clock, observations } = setUp();
    expect(observations.note('k', 'v1', LEASE_MS)).toEqual({
      version: 'v1',
      freeInMs: 1102,
      hasChanged: false,
    });
    await clock.advance(1000);
    expect(observations.get('k')?.freeInMs).toBe(12);
    expect(observations.note('k', 'v1', LEASE_MS).freeInMs).toBe(102);
    expect(observations.note('k', 'v2', LEASE_MS)).toEqual({
      version: 'v2',
      freeInMs: 1102,
      hasChanged: true,
    });
  });

  it('that are noted in passing displace none that others watch, and are remembered all the same', async () => {
    const { observations, clock } = setUp(2);
    observations.see('watched', 'v', LEASE_MS);
    for (const key of ['a', 'b', 'c']) observations.note(key, 'v', LEASE_MS);
    await clock.advance(2 * LEASE_MS);
    expect(observations.get('watched')?.freeInMs).toBe(0);
    const isAlive = (key: string): boolean => observations.note(key, 'v', LEASE_MS).freeInMs > 0;
    // The oldest of more than there is room for is forgotten.
    expect(['c', 'b', 'a'].map(isAlive)).toEqual([false, false, true]);
    expect(observations.get('watched')?.freeInMs).toBe(0);
  });
});
