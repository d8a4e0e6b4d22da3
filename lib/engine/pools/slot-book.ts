import type { HolderInfo } from '../../core/lease-store.js';
import type { Clock } from '../../core/ports.js';
import type { Obstacle } from '../contending.js';

/** One slot of a pool. */
export interface SlotName {
  /** Its number, or its id. */
  readonly id: number | string;
  readonly key: string;
}

type Held = Extract<Obstacle, { kind: 'held' }>;

/** What this manager knows of a slot; a slot that it holds is `ours`. */
interface Entry extends SlotName {
  state: 'unknown' | 'free' | 'held' | 'ours';
  /** When its holder is over, should he be dead. */
  endsAtMs: number;
  seenAtMs: number;
  /** Which look at any slot saw it last. */
  seenBy: number;
  mayBeDead: boolean;
  holder: HolderInfo | undefined;
}

/** How a slot was last seen held. */
export type LastSeen = Pick<Entry, 'seenAtMs' | 'seenBy' | 'mayBeDead'>;

/** Why a slot is worth a look, the best reason first. Of those with the same, the one that was seen longest ago comes first. */
const REASONS = ['free', 'unknown', 'ended', 'stale'] as const;

type Reason = (typeof REASONS)[number];

/** What is looked for. */
export interface Look {
  /** No slot is looked at again that this look, or a later one, has seen held. */
  readonly after: number;
  readonly isStale: (seen: LastSeen) => boolean;
}

/** What one manager knows of the slots of a pool that it looks at one by one. */
export class SlotBook {
  /** How often any slot was seen held so far. */
  looks = 0;
  /** When a look was last answered. */
  lastLookMs = -Infinity;
  private entries = new Map<string, Entry>();

  /** @param inOrder the first slot that is worth a look comes first, for whatever reason */
  constructor(
    private readonly clock: Clock,
    private readonly inOrder: boolean,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  get keys(): IterableIterator<string> {
    return this.entries.keys();
  }

  /** The pool consists of these now, in the order in which they are looked at; what is known of them is kept. */
  setSlots(slots: readonly SlotName[]): void {
    const before = this.entries;
    const isSame = slots.length === before.size && slots.every(({ key }) => before.has(key));
    if (!isSame) this.order(slots, before);
  }

  /** Begins with the slot at this place, as seen from the first one in the order so far. */
  rotate(places: number): void {
    const entries = [...this.entries.values()];
    this.order([...entries.slice(places), ...entries.slice(0, places)], this.entries);
  }

  /** Forgets what is known of those that are not held here. */
  startOver(): void {
    for (const [key, entry] of this.entries)
      if (entry.state !== 'ours') this.entries.set(key, unknown(entry));
  }

  /**
   * The slot that is most worth a look, and why: it is free as far as it is known, nothing is known of it, its holder must be
   * over, or it was last seen too long ago.
   */
  next(look: Look): { readonly slot: SlotName; readonly why: Reason } | null {
    const nowMs = this.clock.monotonicMs();
    let [best, bestRank]: [Entry | null, number] = [null, Infinity];
    for (const entry of this.entries.values()) {
      const why = reasonFor(entry, nowMs, look);
      if (why === null) continue;
      if (this.inOrder) return { slot: entry, why };
      const rank = REASONS.indexOf(why);
      if (rank < bestRank || (rank === bestRank && best !== null && entry.seenBy < best.seenBy))
        [best, bestRank] = [entry, rank];
    }
    return best === null ? null : { slot: best, why: REASONS[bestRank]! };
  }

  sawHeld({ key }: SlotName, { freeInMs = Infinity, mayBeDead = false, holder }: Held): void {
    const nowMs = (this.lastLookMs = this.clock.monotonicMs());
    const seenBy = ++this.looks;
    const endsAtMs = nowMs + freeInMs;
    this.update(key, { state: 'held', endsAtMs, seenAtMs: nowMs, seenBy, mayBeDead, holder });
  }

  takenHere(key: string): void {
    this.update(key, { state: 'ours' });
  }

  givenBack(key: string): void {
    this.update(key, { state: 'free' });
  }

  /** A hint says so. */
  mayBeFree(key: string): void {
    if (this.entries.get(key)?.state === 'held') this.update(key, { state: 'free' });
  }

  /** What is known of it is out of date. */
  mayHaveChanged(key: string): void {
    if (this.entries.get(key)?.state === 'held') this.update(key, { seenAtMs: -Infinity });
  }

  /** There is no such slot any more. */
  drop({ key }: SlotName): void {
    this.lastLookMs = this.clock.monotonicMs();
    this.entries.delete(key);
  }

  /** How all that are not held here are held by others; that of the pool as a whole. */
  get obstacle(): Held {
    const nowMs = this.clock.monotonicMs();
    const held = this.heldElsewhere();
    const first = held.reduce<Entry | null>(
      (soonest, entry) => (soonest === null || entry.endsAtMs < soonest.endsAtMs ? entry : soonest),
      null,
    );
    const freeInMs = first === null ? Infinity : Math.max(0, first.endsAtMs - nowMs);
    const mayBeDead = held.some(entry => entry.mayBeDead);
    return { kind: 'held', holder: first?.holder, freeInMs, ...(mayBeDead && { mayBeDead }) };
  }

  /** By when it is known of each whether its holder lives. */
  get undecidedForMs(): number {
    const ends = this.heldElsewhere().map(({ mayBeDead, endsAtMs }) => (mayBeDead ? endsAtMs : 0));
    return Math.max(0, Math.max(0, ...ends) - this.clock.monotonicMs());
  }

  private heldElsewhere(): Entry[] {
    return [...this.entries.values()].filter(({ state }) => state === 'held');
  }

  private update(key: string, change: Partial<Entry>): void {
    const entry = this.entries.get(key);
    if (entry !== undefined) Object.assign(entry, change);
  }

  private order(slots: readonly SlotName[], known: ReadonlyMap<string, Entry>): void {
    this.entries = new Map(slots.map(slot => [slot.key, known.get(slot.key) ?? unknown(slot)]));
  }
}

function unknown({ id, key }: SlotName): Entry {
  const never = { endsAtMs: Infinity, seenAtMs: -Infinity, seenBy: 0, mayBeDead: false, holder: undefined };
  return { id, key, state: 'unknown', ...never };
}

function reasonFor(entry: Entry, nowMs: number, { after, isStale }: Look): Reason | null {
  const { state } = entry;
  if (state === 'ours') return null;
  if (state !== 'held') return state;
  if (entry.seenBy > after) return null;
  if (entry.endsAtMs <= nowMs) return 'ended';
  return isStale(entry) ? 'stale' : null;
}
