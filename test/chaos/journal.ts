import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/**
 * What a worker writes down about its leases; all times are of {@link monotonicMs}. A lease is named by its worker and a
 * number, so that nothing here depends on tokens.
 */
export type LeaseEntry =
  /** A lease was handed out, or a campaign was seen to have one. */
  | { kind: 'granted'; lease: string; key: string; token: number; at: number }
  /** `isHeld` was true at an instant between `before` and `after`, with `remainingMs` left. */
  | { kind: 'held'; lease: string; before: number; after: number; remainingMs: number }
  /** The release is about to be called. */
  | { kind: 'released'; lease: string; at: number }
  /** `isHeld` was read as false, with the lease not released. */
  | { kind: 'not-held'; lease: string; at: number }
  /** The signal aborted without a release. */
  | {
      kind: 'lost';
      lease: string;
      at: number;
      cause: string;
      /** Since when `isHeld` should have been false, as far as the last reading told. */
      expectedAt: number;
      /** How long the event loop was kept from coming round since then. */
      loopDelayMs: number;
      /** Whether a reading of `isHeld` had found out, not a timer. */
      byReading: boolean;
    };

/** What else a worker writes down. */
export type WorkerEntry =
  | LeaseEntry
  /** Acquiring ended in an error, which is a usual one in chaos: an error of this library. */
  | { kind: 'failed'; key: string; code: string; message: string; at: number }
  /** Something that must not happen, in words. */
  | { kind: 'defect'; what: string; at: number };

/** One access to the fenced resource, in the order in which it judged them. */
export interface Access {
  readonly key: string;
  readonly lease: string;
  readonly op: 'read' | 'write';
  readonly token: number;
  readonly accepted: boolean;
  /** As read, or as written. */
  readonly value: number;
  readonly at: number;
}

/** CLOCK_MONOTONIC in ms: one clock for all processes of a machine, which no step of the wall clock moves. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** An append-only file of entries, written at once: a process that is killed loses none. */
export class Journal<T extends object> {
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, 'a');
  }

  write(entry: T): void {
    writeSync(this.file, `${JSON.stringify(entry)}\n`);
  }

  close(): void {
    closeSync(this.file);
  }
}

/** The entries of a journal; a last line that was cut off by a kill does not count. */
export function readJournal<T extends object>(path: string): T[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  lines.pop();
  return lines.map(line => JSON.parse(line) as T);
}
