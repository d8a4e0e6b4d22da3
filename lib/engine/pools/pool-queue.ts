import { Contender } from '../contender.js';
import type { Contending, ContentionServices, Obstacle } from '../contending.js';
import type { HeldLease } from '../held-lease.js';
import { holdOf, WaitingRoom, type Waiter } from '../waiting-room.js';
import { SlotBook, type SlotName } from './slot-book.js';
import { SlotSearch } from './slot-search.js';
import type { SlotSource } from './slot-source.js';

/** All that one manager does about one pool: which slots it holds, and who waits for one. */
export class PoolQueue extends WaitingRoom {
  private readonly locals = new Set<HeldLease>();
  /** What is known of each slot, where the store finds none by itself. */
  private readonly book: SlotBook;
  private slots: readonly SlotName[] = [];
  private search: SlotSearch | null = null;
  private lastFreed: number | undefined;
  private changedAtMs = -Infinity;

  constructor(
    private source: SlotSource,
    services: ContentionServices,
    onIdle: (queue: WaitingRoom) => void,
  ) {
    super(source.key, services, onIdle);
    this.book = new SlotBook(services.clock, source.inOrder);
  }

  /** The slots are these from now on. */
  use(source: SlotSource): void {
    this.source = source;
    if (source.isSearchedByStore || source.slots === this.slots) return;
    this.slots = source.slots;
    this.book.setSlots(source.slots);
  }

  get held(): readonly HeldLease[] {
    return [...this.locals];
  }

  /** By when it is known of each slot whether its holder lives, since any of them will do. */
  override get undecidedForMs(): number {
    if (this.source.isSearchedByStore) return super.undecidedForMs;
    return this.ownHold === null ? this.book.undecidedForMs : 0;
  }

  /** For those who want an answer, a slot that was granted or given back here means that there is another to wait for. */
  override get progressedAtMs(): number {
    const isSearching = this.contender !== null && this.contender === this.search;
    return Math.max(this.changedAtMs, isSearching ? this.search!.progressedAtMs : -Infinity);
  }

  /** Whoever has waited while others were seen to hold slots has found none free, though not all were looked at. */
  protected override holdDuring(waiter: Waiter): Obstacle | null {
    const hold = super.holdDuring(waiter);
    if (hold !== null || waiter.isProbe || this.book.lastLookMs < waiter.waitingSince) return hold;
    return this.book.obstacle;
  }

  protected get isExhausted(): boolean {
    return !this.source.isListed && this.locals.size >= this.source.size;
  }

  protected get ownHold(): Obstacle | null {
    if (!this.isExhausted) return null;
    const { held } = this;
    return held.every(lease => lease.isStanding) ? holdOf(held[0]!) : null;
  }

  protected contend({ resolved, unref }: Waiter): Contending {
    const { key, size, isSearchedByStore } = this.source;
    if (isSearchedByStore) {
      const wanted = { key, slots: size, firstSlot: this.firstSlot(size) };
      return new Contender(wanted, resolved, this.services, this, unref);
    }
    if (this.source.inOrder) this.book.startOver();
    else this.book.rotate(this.anyOf(this.book.size));
    const ground = { key, book: this.book, refresh: () => this.refresh() };
    return (this.search = new SlotSearch(ground, resolved, this.services, this, unref));
  }

  protected keep(lease: HeldLease): void {
    // The store grants a key anew that it knows to be free: a lease from before is over, whether its holder has heard of it or not.
    for (const local of this.held) {
      if (local.key !== lease.key) continue;
      local.refused();
      this.locals.delete(local);
    }
    this.locals.add(lease);
    this.changedAtMs = this.services.clock.monotonicMs();
    this.book.takenHere(lease.key);
  }

  protected letGo(lease: HeldLease): boolean {
    if (!this.locals.delete(lease)) return false;
    this.changedAtMs = this.services.clock.monotonicMs();
    this.book.givenBack(lease.key);
    if (typeof lease.slot === 'number') this.lastFreed = lease.slot;
    this.contender?.wake();
    return true;
  }

  /** One that was free a moment ago, else any: replicas that begin at the same slot get in each other's way. */
  private firstSlot(slots: number): number {
    if (this.source.inOrder) return 0;
    const freed = this.lastFreed;
    this.lastFreed = undefined;
    return freed ?? this.anyOf(slots);
  }

  private anyOf(count: number): number {
    return Math.floor(this.services.random.next() * count);
  }

  private async refresh(): Promise<boolean> {
    const { source, slots } = this;
    await source.refresh();
    this.use(source);
    return this.slots !== slots;
  }
}
