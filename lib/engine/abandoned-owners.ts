import type { ElapsedTime } from '../core/lease-timing.js';

const MAX_REMEMBERED = 10_000;

/**
 * Owners whose acquire may have been, or may still be, applied although nobody here waits for it any more. Where the
 * store names one of them as the holder, it is released.
 */
export class AbandonedOwners {
  private readonly forgetAt = new Map<string, number>();

  constructor(private readonly elapsed: ElapsedTime) {}

  remember(owner: string, forMs: number): void {
    const now = this.elapsed.now();
    for (const [remembered, until] of this.forgetAt) {
      if (until > now && this.forgetAt.size < MAX_REMEMBERED) break;
      this.forgetAt.delete(remembered);
    }
    this.forgetAt.set(owner, now + forMs);
  }

  /** The owner holds its key after all, or its work may still run under it. */
  forget(owner: string): void {
    this.forgetAt.delete(owner);
  }

  has(owner: string | undefined): boolean {
    return owner !== undefined && this.elapsed.now() < (this.forgetAt.get(owner) ?? -Infinity);
  }
}
