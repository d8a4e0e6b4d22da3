import type { Clock } from '../core/ports.js';
import type { Due } from './due-queue.js';
import { DueTimer } from './due-timer.js';

/** Something that has to hear of its time being over, unless it is taken out before. */
export interface Deadline extends Due {
  /** Whether it alone lets the process end. */
  readonly unref: boolean;
  onDeadline(): void;
}

/** Deadlines by the monotonic clock: however many there are, one timer for those that keep the process alive, and one for the others. */
export class Deadlines {
  private readonly keeping: DueTimer<Deadline>;
  private readonly letting: DueTimer<Deadline>;

  constructor(private readonly clock: Clock) {
    const now = (): number => clock.monotonicMs();
    this.keeping = new DueTimer(clock, { now, unref: false }, at => expire(this.keeping, at));
    this.letting = new DueTimer(clock, { now, unref: true }, at => expire(this.letting, at));
  }

  get size(): number {
    return this.keeping.size + this.letting.size;
  }

  /** Starts, or starts anew; `Infinity` is no deadline. */
  start(deadline: Deadline, afterMs: number): void {
    this.startAt(deadline, this.clock.monotonicMs() + afterMs);
  }

  /** As {@link start}, for who has looked at the monotonic clock. */
  startAt(deadline: Deadline, atMs: number): void {
    this.timerOf(deadline).put(deadline, atMs);
  }

  remove(deadline: Deadline): void {
    this.timerOf(deadline).remove(deadline);
  }

  /** All of them are over. */
  expireAll(): void {
    for (const timer of [this.keeping, this.letting]) expire(timer, Infinity);
  }

  private timerOf({ unref }: Deadline): DueTimer<Deadline> {
    return unref ? this.letting : this.keeping;
  }
}

function expire(timer: DueTimer<Deadline>, now: number): void {
  for (let due = timer.takeDue(now); due !== undefined; due = timer.takeDue(now)) due.onDeadline();
}
