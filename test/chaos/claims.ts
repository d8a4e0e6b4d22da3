import type { LeaseEntry, WorkerEntry } from './journal.js';

/** When one lease was surely claimed to be held. */
export interface Claim {
  readonly lease: string;
  readonly key: string;
  readonly token: number;
  /** After the first reading that said so. */
  readonly from: number;
  /** Before the last reading that said so; not after `from` when there was one reading only. */
  readonly to: number;
  /** Until when the last reading promised to hold, unless the lease was released or lost before; not before `to`. */
  readonly promisedTo: number;
}

/** The claims in journals, by their start. A lease that was never read as held claims nothing. */
export function claimsOf(entries: readonly WorkerEntry[]): Claim[] {
  const drafts = new Map<string, Draft>();
  for (const entry of entries) {
    if (!('lease' in entry)) continue;
    if (entry.kind === 'granted') drafts.set(entry.lease, new Draft(entry));
    else drafts.get(entry.lease)?.add(entry);
  }
  const claims = [...drafts.values()].map(draft => draft.claim());
  return claims.filter(claim => claim !== undefined).sort((a, b) => a.from - b.from);
}

class Draft {
  private from = Infinity;
  private to = -Infinity;
  private promisedTo = -Infinity;
  private endedAt = Infinity;

  constructor(private readonly grant: Extract<LeaseEntry, { kind: 'granted' }>) {}

  add(entry: Exclude<LeaseEntry, { kind: 'granted' }>): void {
    if (entry.kind === 'held') {
      this.from = Math.min(this.from, entry.after);
      this.to = Math.max(this.to, entry.before);
      // A renewal may prolong it; nothing but its end makes it shorter
      this.promisedTo = Math.max(this.promisedTo, entry.before + entry.remainingMs);
    } else {
      this.endedAt = Math.min(this.endedAt, entry.at);
    }
  }

  claim(): Claim | undefined {
    if (this.from === Infinity) return undefined;
    const { lease, key, token } = this.grant;
    const promisedTo = Math.max(this.to, Math.min(this.promisedTo, this.endedAt));
    return { lease, key, token, from: this.from, to: this.to, promisedTo };
  }
}
