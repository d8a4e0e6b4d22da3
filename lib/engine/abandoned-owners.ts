import type { ElapsedTime } from '../core/lease-timing.js';

const MAX_REMEMBERED = 10_000;

/** How many owners a store is asked about at a time, where it does not say who holds which slot. */
const ASKED_TOGETHER = 8;

interface Abandoned {
  readonly untilMs: number;
  /** Key of the pool of which it may hold any slot. */
  readonly pool: string | undefined;
  /** In which turn the store was last asked about it. */
  askedIn: number;
}

/**
 * Owners whose acquire may have been, or may still be, applied although nobody here waits for it any more. Where the
 * store names one of them as the holder, it is released. None of them holds what is worked under.
 */
export class AbandonedOwners {
  private readonly owners = new Map<string, Abandoned>();
  private turns = 0;

  constructor(private readonly elapsed: ElapsedTime) {}

  /** @param pool key of the pool of which it may hold any slot */
  remember(owner: string, forMs: number, pool?: string): void {
    const now = this.elapsed.now();
    this.owners.delete(owner);
    for (const [remembered, { untilMs }] of this.owners) {
      if (untilMs > now && this.owners.size < MAX_REMEMBERED) break;
      this.owners.delete(remembered);
    }
    this.owners.set(owner, { untilMs: now + forMs, pool, askedIn: 0 });
  }

  /** The owner holds nothing, holds its key after all, or its work may still run under it. */
  forget(owner: string): void {
    this.owners.delete(owner);
  }

  has(owner: string | undefined): boolean {
    return owner !== undefined && this.elapsed.now() < (this.owners.get(owner)?.untilMs ?? -Infinity);
  }

  /** A few of those that may hold a slot of the pool with this key; each time those that were not among them for longest. */
  someOf(pool: string): string[] {
    if (this.owners.size === 0) return [];
    this.turns++;
    const some = [...this.owners]
      .filter(([owner, abandoned]) => abandoned.pool === pool && this.has(owner))
      .sort(([, one], [, other]) => one.askedIn - other.askedIn)
      .slice(0, ASKED_TOGETHER);
    for (const [, abandoned] of some) abandoned.askedIn = this.turns;
    return some.map(([owner]) => owner);
  }
}
