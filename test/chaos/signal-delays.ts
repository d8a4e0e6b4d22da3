import { TICK_MS } from './held-watch.js';
import type { WorkerEntry } from './journal.js';

/** How long after the end of a lease its signal came. */
export interface SignalDelays {
  /** How many signals of expired leases came from a timer, and not since `isHeld` was read. */
  readonly heard: number;
  readonly longestMs: number;
  /** Among those whose event loop had come round within the loss margin. */
  readonly longestInTimeMs: number;
  /** Came later than the loss margin although the event loop had come round within it. */
  readonly broken: number;
}

/** Signals of leases that expired, against when the last reading had said they would. */
export function signalDelaysOf(entries: readonly WorkerEntry[], lossMarginMs: number): SignalDelays {
  const heard = entries.flatMap(entry =>
    entry.kind === 'lost' && entry.cause === 'expired' && !entry.byReading
      ? [{ delayMs: entry.at - entry.expectedAt, loopDelayMs: entry.loopDelayMs }]
      : [],
  );
  // A delay of the loop is known to within a tick, and so is what came before it
  const inTime = heard.filter(signal => signal.loopDelayMs < lossMarginMs - 2 * TICK_MS);
  const longest = (signals: typeof heard): number =>
    signals.reduce((max, signal) => Math.max(max, signal.delayMs), 0);
  return {
    heard: heard.length,
    longestMs: longest(heard),
    longestInTimeMs: longest(inTime),
    broken: inTime.filter(signal => signal.delayMs > lossMarginMs).length,
  };
}
