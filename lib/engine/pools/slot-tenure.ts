import type { HeldLease } from '../held-lease.js';
import type { TermHooks } from '../term-hooks.js';

/** One slot while a replica has it: from its grant until its work has ended and the slot was given back. */
export class SlotTenure {
  /** Resolves when nothing of it runs any more. Never rejects. */
  readonly done: Promise<void>;
  private isEnding = false;
  private onEnding!: () => void;

  constructor(
    readonly lease: HeldLease,
    private readonly hooks: TermHooks,
  ) {
    const ending = new Promise<void>(resolve => (this.onEnding = resolve));
    const work = async (): Promise<void> => {
      await ending;
      await hooks.settled();
    };
    // Closing the manager waits for it as for any work under a lease.
    this.done = lease.work.track(work).then(() => lease.release());
    hooks.acquired(lease);
    void lease.whenOver().then(() => this.leave());
  }

  /** It was told to end, or its lease is over. */
  get isLeaving(): boolean {
    return this.isEnding || !this.lease.isHeld;
  }

  /** Its work is told to end; once it has, the slot is released. */
  leave(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.lease.beginRelease();
    this.hooks.lost(this.lease);
    this.onEnding();
  }
}
