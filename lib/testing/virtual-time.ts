import { nextTurn } from '../platform/next-turn.js';

/** A machine whose timers follow true time. */
export interface TimedMachine {
  /** When the next timer is due, in true time; not before now; `Infinity` when none is. */
  nextDueMs(): number;
  fireNext(): void;
}

/** More timers than this at one instant are a loop that never ends. */
const MAX_TIMERS_PER_INSTANT = 100_000;

/** True time of a world of machines: it orders their timers. */
export class VirtualTime {
  private readonly machines: TimedMachine[] = [];
  private trueMs = 0;
  private last: Promise<void> = Promise.resolve();

  /** @param settle resolves when all promises that can settle without time passing have settled */
  constructor(private readonly settle: () => Promise<void> = nextTurn) {}

  get nowMs(): number {
    return this.trueMs;
  }

  join(machine: TimedMachine): void {
    this.machines.push(machine);
  }

  nextDueMs(): number {
    return this.machines.reduce((ms, machine) => Math.min(ms, machine.nextDueMs()), Infinity);
  }

  /** Time passes at once, and no timer fires. */
  skip(ms: number): void {
    this.trueMs += ms;
  }

  advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`advance: ms (${ms}) must not be negative`);
    const run = this.last.then(() => this.run(ms));
    this.last = run.catch(() => undefined);
    return run;
  }

  private async run(ms: number): Promise<void> {
    await this.settle();
    const endMs = this.trueMs + ms;
    let atOnce = 0;
    for (let dueMs = this.nextDueMs(); dueMs <= endMs; dueMs = this.nextDueMs()) {
      atOnce = dueMs > this.trueMs ? 0 : atOnce + 1;
      if (atOnce > MAX_TIMERS_PER_INSTANT)
        throw new Error(
          `VirtualClock: ${MAX_TIMERS_PER_INSTANT} timers fired without time passing; does one restart itself?`,
        );
      this.trueMs = Math.max(this.trueMs, dueMs);
      this.machines.find(machine => machine.nextDueMs() <= this.trueMs)!.fireNext();
      await this.settle();
    }
    // A callback may have blocked its loop beyond the end.
    this.trueMs = Math.max(this.trueMs, endMs);
  }
}
