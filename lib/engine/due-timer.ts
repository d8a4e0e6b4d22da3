import type { Clock, Timer } from '../core/ports.js';
import { atEndOfTurn } from '../platform/next-turn.js';
import { DueQueue, type Due } from './due-queue.js';
import { detached } from './lease-context.js';

/** Longest time between two looks at the clock. Timers know nothing of time for which the machine was suspended. */
const MAX_SLEEP_MS = 5000;

/** How a {@link DueTimer} sleeps. */
export interface DueTimerTerms {
  /** The clock by which entries are due. */
  readonly now: () => number;
  /** Whether it alone lets the process end. */
  readonly unref: boolean;
}

/**
 * One timer for many entries, each with its time. It is armed at the end of a turn of the event loop, for what is first by
 * then: most of what is put in is taken out again in the same turn, or before anything is due, and costs no timer.
 */
export class DueTimer<T extends Due> {
  private readonly queue = new DueQueue<T>();
  private timer: Timer | null = null;
  private armedFor = Infinity;
  private isArranged = false;

  constructor(
    private readonly clock: Clock,
    private readonly terms: DueTimerTerms,
    /** Called when the first entry is due; takes out what it attends to by {@link takeDue}. */
    private readonly onDue: (now: number) => void,
  ) {}

  get size(): number {
    return this.queue.size;
  }

  /** What is due next. */
  get first(): T | undefined {
    return this.queue.first();
  }

  /** Adds `entry`, or moves it; `Infinity` is never due. */
  put(entry: T, dueAt: number): void {
    this.queue.put(entry, dueAt);
    if (dueAt < this.armedFor) this.arrange();
  }

  remove(entry: T): void {
    this.queue.remove(entry);
    if (this.queue.size === 0 && this.timer !== null) this.arrange();
  }

  /** Takes the first entry out if it is due by `now`. */
  takeDue(now: number): T | undefined {
    const first = this.queue.first();
    if (first === undefined || first.dueAt > now) return undefined;
    this.remove(first);
    return first;
  }

  private arrange(): void {
    if (this.isArranged) return;
    this.isArranged = true;
    // Whoever happens to arm the timer of all entries, what it calls is not part of that one's work.
    detached(() => atEndOfTurn(() => this.arm()));
  }

  private arm(): void {
    this.isArranged = false;
    const dueAt = this.queue.first()?.dueAt ?? Infinity;
    // One that is armed too early finds nothing due, and is armed anew then.
    if (dueAt !== Infinity && dueAt >= this.armedFor) return;
    this.timer?.cancel();
    this.timer = null;
    this.armedFor = dueAt;
    if (dueAt === Infinity) return;
    const delayMs = Math.min(Math.max(0, dueAt - this.terms.now()), MAX_SLEEP_MS);
    this.timer = this.clock.startTimer(delayMs, () => this.onTimer(), { unref: this.terms.unref });
  }

  private onTimer(): void {
    this.timer = null;
    this.armedFor = Infinity;
    const now = this.terms.now();
    const first = this.queue.first();
    if (first !== undefined && first.dueAt <= now) this.onDue(now);
    this.arm();
  }
}
