import { CorruptLeaseError, KeyAbsentError, type DistributedLockError } from '../../core/errors.js';
import { pollDelayMs } from '../../core/lease-timing.js';
import type { ResolvedAcquire } from '../../core/options.js';
import { Contender } from '../contender.js';
import type { Contending, ContenderEvents, ContentionServices, Obstacle } from '../contending.js';
import type { Grant } from '../lease-services.js';
import { asStoreError } from '../store-gateway.js';
import { Wakeup } from '../wakeup.js';
import type { LastSeen, SlotBook, SlotName } from './slot-book.js';

/** How many slots that were seen held are looked at again between two pauses, for no better reason than that it was a while ago. */
const STALE_LOOKS = 16;

/** Which slots there are, and which of them are worth a look. */
export interface SearchGround {
  readonly book: SlotBook;
  /** Learns which slots there are by now, if they may have changed. Never rejects. */
  refresh(): Promise<void>;
}

/**
 * The way to any slot of a pool where the store finds none by itself: asks for one after the other, by a {@link Contender} each,
 * so that it never holds more than one; then pauses until one may be free, and looks at those that are worth it.
 */
export class SlotSearch implements Contending, ContenderEvents {
  private asked: { readonly slot: SlotName; readonly contender: Contender } | null = null;
  private isOver = false;
  private readonly pauses: Wakeup;
  private readonly subscription = new AbortController();
  private readonly subscribed = new Set<string>();
  private readonly looksBefore: number;
  private staleLooks = 0;
  private rounds = 0;
  private unreadable: { readonly slot: SlotName; readonly error: DistributedLockError }[] = [];
  private pausing: Promise<void> = Promise.resolve();

  constructor(
    private readonly ground: SearchGround,
    private readonly resolved: ResolvedAcquire,
    private readonly services: ContentionServices,
    private readonly events: ContenderEvents,
    private readonly unref: boolean,
  ) {
    this.pauses = new Wakeup(services.clock, { unref });
    this.looksBefore = ground.book.looks;
  }

  start(): void {
    this.lookOn();
  }

  abandon(): void {
    this.isOver = true;
    this.asked?.contender.abandon();
    this.subscription.abort();
    this.pauses.wake();
  }

  wake(): void {
    this.asked?.contender.wake();
    this.pauses.wake();
  }

  async whenEnded(): Promise<void> {
    await this.asked?.contender.whenEnded();
    await this.pausing;
  }

  /** As the contender for a slot tells. */
  granted(grant: Grant): void {
    const { id } = this.asked!.slot;
    this.end();
    this.events.granted({ ...grant, slot: id });
  }

  /** As the contender for a slot tells. One that cannot be had for good does not keep others from being had. */
  failed(error: DistributedLockError): void {
    const { slot } = this.asked!;
    if (error instanceof KeyAbsentError) this.ground.book.drop(slot);
    else if (error instanceof CorruptLeaseError) this.skip(slot, error);
    else return this.fail(error);
    this.lookOn();
  }

  /** As the contender for a slot tells. While the store gives no answer, it goes on asking for the same one. */
  blocked(obstacle: Obstacle, retryInMs: number): void {
    if (obstacle.kind !== 'held') return this.events.blocked(obstacle, retryInMs);
    const { slot, contender } = this.asked!;
    this.ground.book.sawHeld(slot, obstacle);
    contender.abandon();
    this.lookOn();
  }

  private lookOn(): void {
    if (this.isOver) return;
    const nowMs = this.services.clock.monotonicMs();
    const next = this.ground.book.next(seen => this.isStale(seen, nowMs));
    if (next === null) {
      this.asked = null;
      this.pausing = this.pauseAndGoOn().catch((error: unknown) => {
        if (!this.isOver) this.fail(asStoreError(this.services.storeName, error));
      });
      return;
    }
    const { slot, why } = next;
    if (why === 'stale') this.staleLooks++;
    const contender = new Contender({ key: slot.key }, this.resolved, this.services, this, this.unref);
    this.asked = { slot, contender };
    contender.start();
  }

  /** Who does not wait has every slot looked at once; who waits, a few of them after each pause. */
  private isStale({ seenAtMs, seenBy }: LastSeen, nowMs: number): boolean {
    const { waitMs, pollEveryMs } = this.resolved.timing;
    if (waitMs === 0) return seenBy <= this.looksBefore;
    return this.staleLooks < STALE_LOOKS && seenAtMs < nowMs - pollEveryMs;
  }

  private async pauseAndGoOn(): Promise<void> {
    const { book } = this.ground;
    if (book.size === this.unreadable.length && this.unreadable.length > 0)
      return this.fail(this.unreadable[0]!.error);
    const { obstacle } = book;
    const retryInMs = this.retryDelayMs(obstacle.freeInMs ?? Infinity);
    this.events.blocked(obstacle, retryInMs);
    if (this.isOver) return;
    this.subscribe();
    await this.pauses.pause(retryInMs);
    if (!this.isOver) await this.ground.refresh();
    this.rounds++;
    this.staleLooks = 0;
    this.unreadable = [];
    this.lookOn();
  }

  private retryDelayMs(freeInMs: number): number {
    const chance = this.services.random.next();
    const pollMs = pollDelayMs(this.rounds, this.resolved.timing.pollEveryMs, chance);
    return Math.min(pollMs, freeInMs + 1 + 10 * chance);
  }

  private skip(slot: SlotName, error: CorruptLeaseError): void {
    const { book } = this.ground;
    book.sawHeld(slot, { kind: 'held' });
    this.unreadable.push({ slot, error });
    const retryInMs = this.resolved.timing.pollEveryMs;
    this.services.events.emit('acquire-delayed', { key: slot.key, reason: 'unavailable', error, retryInMs });
  }

  private subscribe(): void {
    const { store } = this.services.gateway;
    const { book } = this.ground;
    for (const key of book.keys) {
      if (this.subscribed.has(key)) continue;
      this.subscribed.add(key);
      let stands = false;
      const onFreed = (): void => {
        // The first time, the subscription stands: what was seen before may be out of date.
        if (stands) book.mayBeFree(key);
        else book.mayHaveChanged(key);
        stands = true;
        this.pauses.wake();
      };
      try {
        const done: unknown = store.whenFreed?.(key, onFreed, this.subscription.signal);
        void Promise.resolve(done).catch(() => undefined);
      } catch {
        // A store that cannot subscribe leaves it at polling.
      }
    }
  }

  private fail(error: DistributedLockError): void {
    this.end();
    this.events.failed(error);
  }

  private end(): void {
    this.isOver = true;
    this.subscription.abort();
  }
}
