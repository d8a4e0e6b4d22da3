/**
 * Where the rules meet the outside world. `platform/` implements these on Node,
 * `testing/` implements them on virtual time.
 */

/** A started timer. */
export interface Timer {
  /** Stops the timer; does nothing when it has fired or was cancelled before. */
  cancel(): void;
}

/** Clocks and timers of one process. */
export interface Clock {
  /** Milliseconds since an arbitrary start, never going back. It may stand still while the machine is suspended. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch. It may jump either way. */
  wallMs(): number;
  /**
   * Calls back once after `delayMs`, which may be any non-negative finite number (longer than 2^31 − 1 ms too).
   * With `unref`, the timer alone does not keep the process alive.
   */
  startTimer(delayMs: number, callback: () => void, options?: { unref?: boolean }): Timer;
}

/** Source of chance. */
export interface RandomSource {
  /** A number in [0, 1). */
  next(): number;
  /** A new id that no other call, in any process, returns. */
  id(): string;
}

/** What the library logs to; Nest's `Logger` and `console` fit. */
export interface LockLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  debug?(message: string): void;
}
