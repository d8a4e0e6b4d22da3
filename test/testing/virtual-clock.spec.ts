import { describe, expect, it } from '@jest/globals';
import { VirtualClock } from '../../lib/testing/index.js';

function record(clock: VirtualClock, log: string[], name: string, delayMs: number): void {
  clock.startTimer(delayMs, () => log.push(`${name}@${clock.monotonicMs()}`));
}

describe('VirtualClock', () => {
  it('stands still until told otherwise', async () => {
    const clock = new VirtualClock();
    const [monotonicMs, wallMs] = [clock.monotonicMs(), clock.wallMs()];
    await new Promise(resolve => setTimeout(resolve, 5));
    expect([clock.monotonicMs(), clock.wallMs()]).toEqual([monotonicMs, wallMs]);
  });

  it('fires timers at their time, in order; those due together as they were started', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    for (const [name, delayMs] of [
      ['c', 30],
      ['a', 10],
      ['b', 20],
      ['b2', 20],
    ] as const)
      record(clock, log, name, delayMs);
    await clock.advance(25);
    expect(log).toEqual(['a@10', 'b@20', 'b2@20']);
    expect(clock.monotonicMs()).toBe(25);
  });

  it('fires timers that callbacks start, while their time is within the advance', async () => {
    const clock = new VirtualClock();
    const ticks: number[] = [];
    const tick = (): void => {
      ticks.push(clock.monotonicMs());
      clock.startTimer(10, tick);
    };
    clock.startTimer(10, tick);
    await clock.advance(45);
    expect(ticks).toEqual([10, 20, 30, 40]);
    expect(clock.armedTimers).toBe(1);
  });

  it('lets long chains of promises settle between two timers', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.startTimer(10, () => {
      void (async () => {
        for (let i = 0; i < 100; i++) await Promise.resolve();
        log.push(`chain@${clock.monotonicMs()}`);
      })();
    });
    record(clock, log, 'timer', 11);
    await clock.advance(20);
    expect(log).toEqual(['chain@10', 'timer@11']);
  });

  it('lets promises settle before the first timer', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    void Promise.resolve().then(() => record(clock, log, 'late', 5));
    await clock.advance(5);
    expect(log).toEqual(['late@5']);
  });

  it('fires no cancelled timer, also when another callback of the same instant cancels it', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.startTimer(10, () => second.cancel());
    const second = clock.startTimer(10, () => log.push('second'));
    const third = clock.startTimer(5, () => log.push('third'));
    third.cancel();
    await clock.advance(20);
    third.cancel();
    expect(log).toEqual([]);
    expect(clock.armedTimers).toBe(0);
  });

  it('counts armed timers, and those that keep a process alive', async () => {
    const clock = new VirtualClock();
    clock.startTimer(10, () => undefined);
    clock.startTimer(10, () => undefined, { unref: true });
    expect([clock.armedTimers, clock.armedRefTimers]).toEqual([2, 1]);
    await clock.advance(10);
    expect([clock.armedTimers, clock.armedRefTimers]).toEqual([0, 0]);
  });

  it('takes timers longer than Node does', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    record(clock, log, 'month', 30 * 86_400_000);
    await clock.advance(30 * 86_400_000 - 1);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect(log).toHaveLength(1);
  });

  it('refuses delays that are no time', () => {
    const clock = new VirtualClock();
    for (const delayMs of [-1, NaN, Infinity])
      expect(() => clock.startTimer(delayMs, () => undefined)).toThrow(RangeError);
    expect(() => clock.advance(-1)).toThrow(RangeError);
  });

  it('steps the wall clock without moving the monotonic one or firing a timer', async () => {
    const clock = new VirtualClock({ wallMs: 1000 });
    const log: string[] = [];
    record(clock, log, 'timer', 10);
    clock.jumpWall(60_000);
    await clock.settle();
    expect([clock.wallMs(), clock.monotonicMs(), log]).toEqual([61_000, 0, []]);
    clock.jumpWall(-120_000);
    expect(clock.wallMs()).toBe(-59_000);
  });

  it('suspended, lets the wall clock go on alone', async () => {
    const clock = new VirtualClock({ wallMs: 0 });
    const log: string[] = [];
    record(clock, log, 'timer', 10);
    clock.suspend(60_000);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([60_000, 0]);
    await clock.advance(9);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect(log).toEqual(['timer@10']);
  });

  it('blocked, lets both clocks go on and fires timers afterwards', async () => {
    const clock = new VirtualClock({ wallMs: 0 });
    const log: string[] = [];
    record(clock, log, 'timer', 10);
    clock.block(60_000);
    expect([clock.wallMs(), clock.monotonicMs(), log]).toEqual([60_000, 60_000, []]);
    await clock.settle();
    expect(log).toEqual(['timer@60000']);
  });

  it('drifts as told, in both clocks and all timers', async () => {
    const clock = new VirtualClock({ wallMs: 0, driftRate: 0.01 });
    const log: string[] = [];
    record(clock, log, 'timer', 1010);
    await clock.advance(999);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect(log).toHaveLength(1);
    expect(clock.monotonicMs()).toBeCloseTo(1010);
    expect(clock.wallMs()).toBeCloseTo(1010);
  });

  it('never shows a callback a time before it is due, whatever the rate', async () => {
    const clock = new VirtualClock({ driftRate: 0.0037 });
    let early = 0;
    for (let i = 1; i <= 1000; i++) {
      const dueMs = i * 0.1;
      clock.startTimer(dueMs, () => void (early += clock.monotonicMs() < dueMs ? 1 : 0));
    }
    await clock.advance(200);
    expect(early).toBe(0);
    expect(clock.armedTimers).toBe(0);
  });

  it('orders the timers of machines in one world by true time', async () => {
    const slow = new VirtualClock({ driftRate: -0.1 });
    const fast = slow.sibling({ driftRate: 0.1 });
    const log: string[] = [];
    slow.startTimer(100, () => log.push('slow'));
    fast.startTimer(100, () => log.push('fast'));
    await slow.advance(95);
    expect(log).toEqual(['fast']);
    await fast.advance(20);
    expect(log).toEqual(['fast', 'slow']);
  });

  it('stops one machine while its sibling goes on', async () => {
    const [one, other] = [new VirtualClock(), new VirtualClock()];
    const sibling = one.sibling();
    const log: string[] = [];
    record(one, log, 'one', 10);
    record(sibling, log, 'sibling', 10);
    const resume = one.pause('stalled');
    await sibling.advance(30);
    expect(log).toEqual(['sibling@10']);
    resume();
    await sibling.settle();
    expect(log).toEqual(['sibling@10', 'one@30']);
    expect(other.monotonicMs()).toBe(0);
  });

  it('runs until a promise settles, and answers as it does', async () => {
    const clock = new VirtualClock();
    const after = (ms: number): Promise<number> =>
      new Promise(resolve => clock.startTimer(ms, () => resolve(clock.monotonicMs())));
    await expect(clock.until(after(5000))).resolves.toBe(5000);
    await expect(clock.until(Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(clock.until(after(5000), 4000)).rejects.toThrow('has not settled within 4000 ms');
    await expect(clock.until(new Promise(() => undefined))).rejects.toThrow('has not settled');
  });

  it('queues advances behind each other', async () => {
    const clock = new VirtualClock();
    await Promise.all([clock.advance(10), clock.advance(20)]);
    expect(clock.monotonicMs()).toBe(30);
  });

  it('rejects with what a callback throws, and goes on afterwards', async () => {
    const clock = new VirtualClock();
    clock.startTimer(10, () => {
      throw new Error('crash');
    });
    await expect(clock.advance(20)).rejects.toThrow('crash');
    await clock.advance(10);
    expect(clock.monotonicMs()).toBe(20);
  });

  it('ends with an error when timers fire for ever without time passing', async () => {
    const clock = new VirtualClock();
    const again = (): void => void clock.startTimer(0, again);
    again();
    await expect(clock.advance(1)).rejects.toThrow('without time passing');
  });
});
