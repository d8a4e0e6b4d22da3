import type { HeldLease } from '../held-lease.js';
import type { TermHooks } from '../term-hooks.js';

/** One slot while a replica has it: from its grant until its work has ended and the slot was given back. */
export class SlotTenure {
  /** Resolves when nothing of it runs any more. Never rejects. */
  readonly done: Promise<void>;
  private isEnding = false;
  private beginEnd!: () => void;

  constructor(
    readonly lease: HeldLease,
    private readonly hooks: TermHooks,
  ) {
    const leaving = new Promise<void>(resolve => (this.beginEnd = resolve));
    // Closing the manager waits for it as for any work under a lease.
    this.done = lease.work.track(() => this.drain(leaving)).then(() => lease.release());
    hooks.acquired(lease);
  }

  /** It was told to end, or its lease is over. */
  get isLeaving(): boolean {
    return this.isEnding || !this.lease.isHeld;
  }

  /** Its work is told to end; once it has, the slot is released. */
  leave(): void {
    this.isEnding = true;
    this.beginEnd();
  }

  private async drain(leaving: Promise<void>): Promise<void> {
    await Promise.race([leaving, this.lease.whenOver()]);
    this.isEnding = true;
    this.lease.beginRelease();
    this.hooks.lost();
    await this.hooks.settled();
  }
}
