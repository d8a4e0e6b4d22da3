import { describe, expect, it } from '@jest/globals';
import { ElapsedTime } from '../../lib/core/lease-timing.js';
import type { Clock } from '../../lib/core/ports.js';

/** A clock set by hand; its wall clock shows whole milliseconds, as Date.now() does. */
class HandClock implements Clock {
  monotonic = 123.4;
  wall = 1_767_225_600_000.6;
  monotonicMs(): number {
    return this.monotonic;
  }
  wallMs(): number {
    return Math.floor(this.wall);
  }
  startTimer(): never {
    throw new Error('no timers here');
  }
  pass(ms: number, wallMs = ms): void {
    this.monotonic += ms;
    this.wall += wallMs;
  }
}

function setUp() {
  const clock = new HandClock();
  const elapsed = new ElapsedTime(clock);
  const startMs = elapsed.now();
  return { clock, sinceStart: () => elapsed.now() - startMs, elapsed };
}

describe('a holder’s elapsed time', () => {
  it('does not run fast however often it is read while the wall clock has ms resolution', () => {
    const { clock, sinceStart } = setUp();
    for (let i = 0; i < 200_000; i++) {
      clock.pass(0.0137);
      sinceStart();
    }
    expect(sinceStart()).toBeCloseTo(200_000 * 0.0137, 3);
  });

  it('does not run fast when the wall clock trembles by a millisecond either way', () => {
    const { clock, sinceStart } = setUp();
    for (let i = 0; i < 10_000; i++) {
      clock.pass(1, i % 2 === 0 ? 1.9 : 0.1);
      sinceStart();
    }
    expect(sinceStart()).toBeCloseTo(10_000, 3);
  });

  it('a process that is stopped between two readings has not seen a clock jump', () => {
    const { clock, elapsed } = setUp();
    for (const stopped of ['monotonicMs', 'wallMs'] as const) {
      const read = clock[stopped].bind(clock);
      clock[stopped] = () => {
        const now = read();
        clock.pass(16);
        return now;
      };
    }
    for (let i = 0; i < 100; i++) elapsed.now();
    expect(elapsed.gainedSoFarMs).toBeLessThan(1);
    // No more has passed than on the clock itself.
    expect(elapsed.now()).toBeLessThan(clock.monotonic + 1);
  });

  it('counts a suspension even where the process is stopped between two readings', () => {
    const { clock, sinceStart } = setUp();
    const read = clock.wallMs.bind(clock);
    clock.wallMs = () => {
      const now = read();
      clock.pass(16);
      return now;
    };
    sinceStart();
    clock.pass(0, 5000);
    sinceStart();
    clock.wallMs = read;
    expect(sinceStart()).toBeGreaterThanOrEqual(5000 + 2 * 16 - 1);
  });

  it('counts suspended time, during which the monotonic clock stands still', () => {
    const { clock, sinceStart } = setUp();
    clock.pass(1000);
    clock.pass(0, 60_000);
    expect(sinceStart()).toBeGreaterThanOrEqual(60_999);
    expect(sinceStart()).toBeLessThan(61_002);
  });

  it('counts many suspends that are each below the resolution', () => {
    const { clock, sinceStart } = setUp();
    for (let i = 0; i < 1000; i++) {
      clock.pass(1, 2.5);
      sinceStart();
    }
    expect(sinceStart()).toBeGreaterThanOrEqual(2500 - 3);
    expect(sinceStart()).toBeLessThan(2503);
  });

  it('is not set back by a wall clock stepped back, and counts a suspend after the step', () => {
    const { clock, sinceStart } = setUp();
    clock.pass(1000, -3_600_000);
    expect(sinceStart()).toBeCloseTo(1000, 3);
    clock.pass(0, 30_000);
    expect(sinceStart()).toBeGreaterThanOrEqual(30_998);
  });

  it('counts a wall clock stepped forward, and tells it apart from waiting', () => {
    const { clock, sinceStart, elapsed } = setUp();
    clock.pass(1000);
    sinceStart();
    expect(elapsed.gainedSoFarMs).toBe(0);
    clock.pass(10, 5010);
    sinceStart();
    expect(elapsed.gainedSoFarMs).toBeGreaterThanOrEqual(4998);
    expect(sinceStart()).toBeGreaterThanOrEqual(6008);
  });

  it('never goes back, whatever the wall clock does', () => {
    const { clock, sinceStart } = setUp();
    let last = 0;
    for (const step of [5, -100_000, 3, 100_000, 0.5, -1, 2.5, -2.5, 7_000_000, -7_000_000]) {
      for (let i = 0; i < 10; i++) {
        clock.pass(0.3, 0.3 + step);
        expect(sinceStart()).toBeGreaterThanOrEqual(last);
        last = sinceStart();
      }
    }
  });
});
