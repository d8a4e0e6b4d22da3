import type { DoneFault } from './fault-injector.js';
import type { Access, WorkerEntry } from './journal.js';
import type { Span } from './overlaps.js';

/** All that a run leaves to be judged. */
export interface ChaosRecord {
  readonly seconds: number;
  readonly seed: string;
  readonly ttlMs: number;
  readonly storeName: string;
  readonly keys: readonly string[];
  /** From the first fault on. */
  readonly run: Span;
  /** The end of the run, without faults. */
  readonly calm: Span;
  /** For how long the store may grant nothing after a restart. */
  readonly guardMs: number;
  readonly faults: readonly DoneFault[];
  readonly skippedFaults: number;
  readonly entries: readonly WorkerEntry[];
  readonly accesses: readonly Access[];
  /** Final counters of the fenced resource. */
  readonly counters: Readonly<Record<string, number>>;
  /** Processes that ended, or did not end, otherwise than intended. */
  readonly defects: readonly string[];
  readonly largestClockStepMs: number;
}
