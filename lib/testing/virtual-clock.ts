import type { Clock, Timer } from '../core/ports.js';
import { nextTurn } from '../platform/next-turn.js';
import { TimerQueue } from './timer-queue.js';
import { VirtualTime } from './virtual-time.js';

/** Options of a {@link VirtualClock}. */
export interface VirtualClockOptions {
  /** Wall-clock time at the start, ms since the epoch. @default 2026-01-01T00:00:00Z */
  wallMs?: number;
  /** How much faster (positive) or slower this clock runs than true time: 0.01 is 1 %. @default 0 */
  driftRate?: number;
}

/**
 * `stalled`: both clocks run and timers wait, as in a process stopped by SIGSTOP or a blocked event loop.
 * `suspended`: the monotonic clock stands still too, as on a machine that sleeps.
 */
export type PauseKind = 'stalled' | 'suspended';

const START_WALL_MS = 1_767_225_600_000;

/**
 * Time that passes only when told to. Timers fire in order, and promises settle between them, so that a test of hours
 * runs in milliseconds and gives the same result each time.
 *
 * @example
 * const clock = new VirtualClock();
 * const store = memoryStore({ clock });
 * await clock.advance(15_000);
 */
export class VirtualClock implements Clock {
  private readonly time: VirtualTime;
  private readonly timers = new TimerQueue();
  private readonly rate: number;
  private state: 'running' | PauseKind = 'running';
  private monotonicBaseMs = 0;
  private trueBaseMs: number;
  private monotonicFloorMs = 0;
  private wallBaseMs: number;

  constructor(options: VirtualClockOptions = {}, time = new VirtualTime()) {
    this.time = time;
    this.rate = 1 + (options.driftRate ?? 0);
    this.trueBaseMs = time.nowMs;
    this.wallBaseMs = (options.wallMs ?? START_WALL_MS) - time.nowMs * this.rate;
    time.join(this);
  }

  /**
   * The clock of another machine in the same world: advancing either advances both, each at its own rate.
   * Its wall clock starts where this one's is, unless told otherwise.
   */
  sibling(options: VirtualClockOptions = {}): VirtualClock {
    return new VirtualClock({ wallMs: this.wallMs(), ...options }, this.time);
  }

  monotonicMs(): number {
    const runMs = this.state === 'suspended' ? 0 : (this.time.nowMs - this.trueBaseMs) * this.rate;
    return Math.max(this.monotonicFloorMs, this.monotonicBaseMs + runMs);
  }

  wallMs(): number {
    return this.wallBaseMs + this.time.nowMs * this.rate;
  }

  startTimer(delayMs: number, callback: () => void, options?: { unref?: boolean }): Timer {
    if (!(delayMs >= 0 && delayMs < Infinity))
      throw new RangeError(`startTimer: delayMs (${delayMs}) must be a non-negative finite number`);
    return this.timers.add(this.monotonicMs() + delayMs, callback, options?.unref !== true);
  }

  /**
   * Lets `ms` of true time pass, firing timers in order and letting promises settle before, between and after them.
   * Calls queue up behind each other. Rejects with what a callback throws.
   */
  advance(ms: number): Promise<void> {
    return this.time.advance(ms);
  }

  /** Lets promises settle, and timers fire that are due, without time passing. */
  settle(): Promise<void> {
    return this.time.advance(0);
  }

  /**
   * Lets time pass from timer to timer until `promise` settles, and answers as it does.
   * @throws Error when it has not settled after `maxMs` (default: one hour)
   */
  async until<T>(promise: PromiseLike<T>, maxMs = 3_600_000): Promise<T> {
    let isSettled = false;
    const note = (): void => void (isSettled = true);
    promise.then(note, note);
    await nextTurn();
    const endMs = this.time.nowMs + maxMs;
    while (!isSettled) {
      const nextMs = this.time.nextDueMs();
      if (nextMs > endMs)
        throw new Error(`VirtualClock.until: the promise has not settled within ${maxMs} ms of virtual time`);
      await this.time.advance(nextMs - this.time.nowMs);
    }
    return promise;
  }

  /** Steps the wall clock by `ms`, which may be negative; the monotonic clock goes on as before. */
  jumpWall(ms: number): void {
    this.wallBaseMs += ms;
  }

  /** The machine sleeps for `ms`: the wall clock goes on, the monotonic clock stands still, no timer fires. Synchronous. */
  suspend(ms: number): void {
    const resume = this.pause('suspended');
    this.time.skip(ms);
    resume();
  }

  /** The event loop is blocked for `ms`: both clocks go on, timers fire at the next {@link advance}. Synchronous. */
  block(ms: number): void {
    this.time.skip(ms);
  }

  /**
   * Stops this machine while its siblings go on.
   * @returns a function that lets it continue; overdue timers then fire at the next {@link advance}
   */
  pause(kind: PauseKind): () => void {
    this.enter(kind);
    return () => this.enter('running');
  }

  /** Timers that have neither fired nor been cancelled. */
  get armedTimers(): number {
    return this.timers.size;
  }

  /** Those of {@link armedTimers} that would keep the process alive. */
  get armedRefTimers(): number {
    return this.timers.refSize;
  }

  /** @internal For {@link VirtualTime}: when, in true time, the next timer is due; `Infinity` when none is or the machine is paused. */
  nextDueMs(): number {
    const first = this.timers.first;
    if (first === undefined || this.state !== 'running') return Infinity;
    return Math.max(this.time.nowMs, this.trueBaseMs + (first.dueMs - this.monotonicBaseMs) / this.rate);
  }

  /** @internal For {@link VirtualTime}: fires the next timer. */
  fireNext(): void {
    const first = this.timers.first!;
    // Rounding must not show a callback a time before it is due: it would start the same timer again, for ever.
    this.monotonicFloorMs = Math.max(this.monotonicFloorMs, first.dueMs);
    first.fire();
  }

  private enter(state: 'running' | PauseKind): void {
    this.monotonicBaseMs = this.monotonicMs();
    this.trueBaseMs = this.time.nowMs;
    this.state = state;
  }
}
