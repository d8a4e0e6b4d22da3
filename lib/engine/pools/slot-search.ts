import { setMaxListeners } from 'node:events';
import { CorruptLeaseError, KeyAbsentError, type DistributedLockError } from '../../core/errors.js';
import { pollDelayMs } from '../../core/lease-timing.js';
import type { ResolvedAcquire } from '../../core/options.js';
import { Contender } from '../contender.js';
import {
  isCurable,
  type Contending,
  type ContenderEvents,
  type ContentionServices,
  type Obstacle,
} from '../contending.js';
import type { Grant } from '../lease-services.js';
import { asStoreError } from '../store-gateway.js';
import { Wakeup } from '../wakeup.js';
import { watchFreed } from '../watch-freed.js';
import type { LastSeen, SlotBook, SlotName } from './slot-book.js';

/** How many slots that were seen held are looked at again between two pauses. */
const AGAIN = 16;

/** Which slots there are, and which of them are worth a look. */
export interface SearchGround {
  /** Of the pool. */
  readonly key: string;
  readonly book: SlotBook;
  /** Learns which slots there are by now, if they may have changed. @returns whether they have @throws what the store throws */
  refresh(): Promise<boolean>;
}

/**
 * The way to any slot of a pool where the store finds none by itself: asks for one after the other, by a {@link Contender} each,
 * so that what is in doubt about one is its affair; then pauses until one may be free, and looks at those that are worth it.
 */
export class SlotSearch implements Contending, ContenderEvents {
  private asked: { readonly slot: SlotName; readonly contender: Contender } | null = null;
  private isOver = false;
  private isAbandoned = false;
  private isLearning = false;
  private readonly pauses: Wakeup;
  private readonly subscription = new AbortController();
  private readonly subscribed = new Set<string>();
  private readonly looksBefore: number;
  /** Looks before this round. */
  private roundBegan: number;
  private again = 0;
  private rounds = 0;
  /** By key. */
  private readonly unreadable = new Map<string, DistributedLockError>();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly ground: SearchGround,
    private readonly resolved: ResolvedAcquire,
    private readonly services: ContentionServices,
    private readonly events: ContenderEvents,
    private readonly unref: boolean,
  ) {
    this.pauses = new Wakeup(services.clock, { unref });
    this.looksBefore = this.roundBegan = ground.book.looks;
    setMaxListeners(0, this.subscription.signal);
  }

  start(): void {
    this.run(async () => {
      await this.learn();
      this.lookOn();
    });
  }

  abandon(): void {
    this.isAbandoned = true;
    this.end();
    this.asked?.contender.abandon();
    this.pauses.wake();
  }

  wake(): void {
    this.asked?.contender.wake();
    this.pauses.wake();
  }

  async whenEnded(): Promise<void> {
    await this.asked?.contender.whenEnded();
    await this.running;
  }

  /** When the store last answered something in the first round, which takes as long as it takes. */
  get progressedAtMs(): number {
    if (this.isLearning) return this.services.clock.monotonicMs();
    return this.rounds === 0 ? this.ground.book.lastLookMs : -Infinity;
  }

  /** As the contender for a slot tells. */
  granted(grant: Grant): void {
    const { id } = this.asked!.slot;
    this.end();
    // What a store does when the subscription ends may have ended the wait.
    if (!this.isAbandoned) this.events.granted({ ...grant, slot: id });
  }

  /** As the contender for a slot tells. One that cannot be had for good does not keep others from being had. */
  failed(error: DistributedLockError): void {
    const { slot } = this.asked!;
    if (error instanceof KeyAbsentError) this.ground.book.drop(slot);
    else if (error instanceof CorruptLeaseError) this.passOver(slot, error);
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
    const { book, key } = this.ground;
    if (book.size === 0) return this.fail(new KeyAbsentError(key));
    const nowMs = this.services.clock.monotonicMs();
    const next = book.next({ after: this.roundBegan, isStale: seen => this.isStale(seen, nowMs) });
    const isAgain = next?.why === 'ended' || next?.why === 'stale';
    if (next === null || (isAgain && this.isRoundOver)) {
      this.asked = null;
      return this.run(() => this.pauseAndGoOn());
    }
    if (isAgain) this.again++;
    const { slot } = next;
    const contender = new Contender({ key: slot.key }, this.resolved, this.services, this, this.unref);
    this.asked = { slot, contender };
    contender.start();
  }

  private get isProbe(): boolean {
    return this.resolved.timing.waitMs === 0;
  }

  /** Who does not wait has each slot looked at once. */
  private get isRoundOver(): boolean {
    return this.again >= AGAIN && !(this.isProbe && this.rounds === 0);
  }

  private isStale({ seenAtMs, seenBy, mayBeDead }: LastSeen, nowMs: number): boolean {
    if (this.rounds === 0) return seenBy <= this.looksBefore;
    return this.isProbe ? mayBeDead : seenAtMs < nowMs - this.resolved.timing.pollEveryMs;
  }

  private async pauseAndGoOn(): Promise<void> {
    const { book } = this.ground;
    const [unreadable] = this.unreadable.values();
    if (unreadable !== undefined && this.unreadable.size === book.size) return this.fail(unreadable);
    const { obstacle } = book;
    const retryInMs = this.retryDelayMs(obstacle.freeInMs);
    this.events.blocked(obstacle, retryInMs);
    if (this.isOver) return;
    this.subscribe();
    await this.pauses.pause(retryInMs);
    // A list that cannot be had now leaves those that are known.
    void this.ground.refresh().then(
      isNew => isNew && this.pauses.wake(),
      () => undefined,
    );
    this.rounds++;
    this.again = 0;
    this.roundBegan = book.looks;
    this.unreadable.clear();
    this.lookOn();
  }

  /** Until it is known which slots there are; those that were known before will do where no list can be had. */
  private async learn(): Promise<void> {
    for (let attempt = 0; !this.isOver; attempt++) {
      try {
        this.isLearning = true;
        await this.ground.refresh();
        return;
      } catch (thrown) {
        this.isLearning = false;
        if (this.ground.book.size > 0) return;
        const error = asStoreError(this.services.storeName, thrown);
        if (!isCurable(error)) throw error;
        const retryInMs = pollDelayMs(attempt, 1000, this.services.random.next());
        this.events.blocked({ kind: 'unavailable', error }, retryInMs);
        if (!this.isOver) await this.pauses.pause(retryInMs);
      } finally {
        this.isLearning = false;
      }
    }
  }

  private retryDelayMs(freeInMs = Infinity): number {
    const chance = this.services.random.next();
    const pollMs = pollDelayMs(this.rounds, this.resolved.timing.pollEveryMs, chance);
    return Math.min(pollMs, freeInMs + 5 + 10 * chance);
  }

  private passOver(slot: SlotName, error: CorruptLeaseError): void {
    this.ground.book.sawHeld(slot, { kind: 'held' });
    this.unreadable.set(slot.key, error);
    const retryInMs = this.resolved.timing.pollEveryMs;
    this.services.events.emit('acquire-delayed', { key: slot.key, reason: 'unavailable', error, retryInMs });
  }

  private subscribe(): void {
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
      watchFreed(this.services.gateway.store, key, onFreed, this.subscription.signal);
    }
  }

  private run(work: () => Promise<void>): void {
    this.running = work().catch((error: unknown) => {
      if (!this.isOver) this.fail(asStoreError(this.services.storeName, error));
    });
  }

  private fail(error: DistributedLockError): void {
    this.end();
    if (!this.isAbandoned) this.events.failed(error);
  }

  private end(): void {
    this.isOver = true;
    this.subscription.abort();
  }
}
