import type { ElapsedTime } from '../core/lease-timing.js';

const MAX_REMEMBERED = 10_000;

/**
 * Owners whose acquire may have been, or may still be, applied although nobody here waits for it any more. Where the
 * store names one of them as the holder, it is released.
 */
export class AbandonedOwners {
  private readonly owners = new Map<
    string,
    { readonly untilMs: number; readonly pool: string | undefined }
  >();

  constructor(private readonly elapsed: ElapsedTime) {}

  /** @param pool key of the pool of which it may hold any slot */
  remember(owner: string, forMs: number, pool?: string): void {
    const now = this.elapsed.now();
    for (const [remembered, { untilMs }] of this.owners) {
      if (untilMs > now && this.owners.size < MAX_REMEMBERED) break;
      this.owners.delete(remembered);
    }
    this.owners.set(owner, { untilMs: now + forMs, pool });
  }

  /** The owner holds its key after all, or its work may still run under it. */
  forget(owner: string): void {
    this.owners.delete(owner);
  }

  has(owner: string | undefined): boolean {
    return owner !== undefined && this.elapsed.now() < (this.owners.get(owner)?.untilMs ?? -Infinity);
  }

  /** Those that may hold a slot of the pool with this key. */
  of(pool: string): string[] {
    return [...this.owners.keys()].filter(owner => this.owners.get(owner)!.pool === pool && this.has(owner));
  }
}
