import type { Timer } from '../core/ports.js';

/** A timer that has not fired. */
export interface ArmedTimer extends Timer {
  readonly dueMs: number;
  readonly isRef: boolean;
  fire(): void;
}

/** Timers by due time; those due at the same time in the order in which they were started. */
export class TimerQueue {
  private readonly timers: ArmedTimer[] = [];

  get size(): number {
    return this.timers.length;
  }

  /** How many of the timers keep their process alive. */
  get refSize(): number {
    return this.timers.filter(timer => timer.isRef).length;
  }

  get first(): ArmedTimer | undefined {
    return this.timers[0];
  }

  add(dueMs: number, callback: () => void, isRef: boolean): ArmedTimer {
    const cancel = (): void => {
      const index = this.timers.indexOf(timer);
      if (index >= 0) this.timers.splice(index, 1);
    };
    const timer: ArmedTimer = {
      dueMs,
      isRef,
      cancel,
      fire: () => {
        cancel();
        callback();
      },
    };
    this.timers.splice(this.indexAfter(dueMs), 0, timer);
    return timer;
  }

  private indexAfter(dueMs: number): number {
    let low = 0;
    let high = this.timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timers[middle]!.dueMs <= dueMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
