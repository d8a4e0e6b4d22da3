import type { Clock, Timer } from '../../lib/core/ports.js';
import type { VirtualClock } from '../../lib/testing/index.js';
import type { Dice } from './dice.js';

/** A client's clock as its code sees it: timers come late where the event loop is busy, and are counted. */
export class ReplicaClock implements Clock {
  /** What the wall clock has to tell and nobody has looked at yet: one of these hides the other. */
  unseen: 'jump-back' | 'suspend' | null = null;
  private count = 0;

  constructor(
    private readonly machine: VirtualClock,
    private readonly dice: Dice,
    private readonly loopDelayMs: number,
  ) {}

  /** Timers that have neither fired nor been cancelled. */
  get armed(): number {
    return this.count;
  }

  monotonicMs(): number {
    return this.machine.monotonicMs();
  }

  wallMs(): number {
    this.unseen = null;
    // Whole milliseconds, as of Date.now()
    return Math.floor(this.machine.wallMs());
  }

  startTimer(delayMs: number, callback: () => void, options?: { unref?: boolean }): Timer {
    const lateMs = this.loopDelayMs === 0 ? 0 : this.dice.between(0, this.loopDelayMs);
    let isArmed = true;
    this.count++;
    const disarm = (): void => {
      if (isArmed) this.count--;
      isArmed = false;
    };
    const timer = this.machine.startTimer(
      delayMs + lateMs,
      () => {
        disarm();
        callback();
      },
      options,
    );
    return {
      cancel: () => {
        disarm();
        timer.cancel();
      },
    };
  }
}
