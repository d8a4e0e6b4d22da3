import { DEFAULT_DRIFT_RATE, MAX_DRIFT_RATE, takeOverAfterMs } from '../../core/lease-timing.js';
import type { Clock } from '../../core/ports.js';
import { putLast } from '../../core/put-last.js';

/** What a contender knows of a key that it watches. */
export interface Observation {
  readonly version: string;
  /** The holder is dead if the version has not changed by then; 0 once that is so. */
  readonly freeInMs: number;
  /** Whether it has seen the key under another version lately: somebody was alive then. */
  readonly hasChanged: boolean;
}

interface Entry {
  readonly version: string;
  readonly leaseMs: number;
  readonly sinceMs: number;
  readonly seenMs: number;
  readonly hasChanged: boolean;
}

const MAX_KEYS = 10_000;

/**
 * Which record version each contended key was last seen with, and since when, on the monotonic clock of this process: no
 * jump of a wall clock takes a key over. Forgetting costs one more lease of waiting, so the oldest of very many are forgotten.
 */
export class Observations {
  /** Of keys that are waited for. The first was not looked at for longest. */
  private readonly entries = new Map<string, Entry>();
  /** Of keys that were only looked at. */
  private readonly noted = new Map<string, Entry>();

  constructor(
    private readonly clock: Clock,
    private readonly maxKeys = MAX_KEYS,
  ) {}

  get(key: string, driftRate = DEFAULT_DRIFT_RATE): Observation | undefined {
    const entry = this.entries.get(key) ?? this.noted.get(key);
    if (entry === undefined) return undefined;
    this.watch(key, entry);
    return this.told(entry, driftRate);
  }

  /** Call it after the consistent reply that showed the version, so that its lease is counted from no earlier than that. */
  see(key: string, version: string, leaseMs: number, driftRate = DEFAULT_DRIFT_RATE): Observation {
    const entry = this.entryFor(key, version, leaseMs, driftRate);
    this.watch(key, entry);
    return this.told(entry, driftRate);
  }

  /**
   * As {@link see}, by one who does not wait for the key: he displaces nothing that others watch, however many keys he looks at.
   * Nor does he know whose clocks are compared, so it takes as long as it may for anybody.
   */
  note(key: string, version: string, leaseMs: number): Observation {
    const entry = this.entryFor(key, version, leaseMs, MAX_DRIFT_RATE);
    if (this.entries.has(key)) this.entries.set(key, entry);
    else putLast(this.noted, key, entry, this.maxKeys);
    return this.told(entry, MAX_DRIFT_RATE);
  }

  /** The key is free, or held by us. */
  forget(key: string): void {
    this.entries.delete(key);
    this.noted.delete(key);
  }

  private entryFor(key: string, version: string, leaseMs: number, driftRate: number): Entry {
    const nowMs = this.clock.monotonicMs();
    const before = this.entries.get(key) ?? this.noted.get(key);
    // Who has written since a look of long ago may have died since, too.
    const hasChanged =
      before !== undefined && nowMs - before.seenMs < 2 * takeOverAfterMs(leaseMs, driftRate);
    const first = before?.version === version ? before : { version, leaseMs, sinceMs: nowMs, hasChanged };
    return { ...first, seenMs: nowMs };
  }

  private told({ version, leaseMs, sinceMs, hasChanged }: Entry, driftRate: number): Observation {
    const endMs = sinceMs + takeOverAfterMs(leaseMs, driftRate);
    return { version, freeInMs: Math.max(0, endMs - this.clock.monotonicMs()), hasChanged };
  }

  private watch(key: string, entry: Entry): void {
    this.noted.delete(key);
    putLast(this.entries, key, entry, this.maxKeys);
  }
}
