import { Contender } from './contender.js';
import type { Obstacle } from './contending.js';
import type { HeldLease } from './held-lease.js';
import { holdOf, WaitingRoom, type Waiter } from './waiting-room.js';

const NONE: readonly HeldLease[] = [];

/** All that one manager does about one key: who holds it here, and who waits. */
export class KeyQueue extends WaitingRoom {
  /** The lease of this manager, until the store knows that it is over. */
  private local: HeldLease | null = null;

  get held(): readonly HeldLease[] {
    return this.local === null ? NONE : [this.local];
  }

  protected get isExhausted(): boolean {
    return this.local !== null;
  }

  protected get ownHold(): Obstacle | null {
    return this.local !== null && this.local.isStanding ? holdOf(this.local) : null;
  }

  protected contend({ resolved, unref }: Waiter): Contender {
    return new Contender({ key: this.key }, resolved, this.services, this, unref);
  }

  protected keep(lease: HeldLease): void {
    this.local = lease;
  }

  protected letGo(lease: HeldLease): boolean {
    if (this.local !== lease) return false;
    this.local = null;
    return true;
  }
}
