import type { LeaseStore } from '../../core/lease-store.js';
import { poolKey, poolOfSlot, slotKey } from '../../core/slot-keys.js';
import type { Clock } from '../../core/ports.js';
import type { SlotName } from './slot-book.js';

/** Which slots a pool consists of. */
export interface SlotSource {
  /** Two pools of one manager with the same are the same. */
  readonly identity: string;
  /** Stands for the pool in errors and events; where the store finds slots, in requests, too. */
  readonly key: string;
  /** Whether the store finds a free one by itself. */
  readonly isSearchedByStore: boolean;
  /** Whether the first free one is wanted, not any. */
  readonly inOrder: boolean;
  /** Whether slots are those that the store knows: there may be more tomorrow, and one that it has forgotten is none. */
  readonly isListed: boolean;
  /** How many there are, as known by now. */
  readonly size: number;
  /** As known by now. */
  readonly slots: readonly SlotName[];
  /** Whether the key is that of a slot. */
  has(key: string): boolean;
  /** Learns them, where that is some time ago. @throws what listing throws */
  refresh(): Promise<void>;
}

const KNOWN = Promise.resolve();

/** Pause after a list that could not be had. */
const RETRY_MS = 1000;

/** Numbered slots. */
export class NumberedSource implements SlotSource {
  readonly identity: string;
  readonly key: string;
  readonly isSearchedByStore: boolean;
  readonly isListed = false;
  private names: readonly SlotName[] | null = null;

  constructor(
    name: string,
    readonly size: number,
    { findsSlots = false }: Pick<LeaseStore, 'findsSlots'>,
    readonly inOrder = false,
  ) {
    this.isSearchedByStore = findsSlots;
    this.key = poolKey(name);
    this.identity = JSON.stringify([name, size]);
  }

  /** Made when they are asked for: where the store finds slots, nobody does. */
  get slots(): readonly SlotName[] {
    return (this.names ??= Array.from({ length: this.size }, (_, id) => ({
      id,
      key: slotKey(this.key, id),
    })));
  }

  has(key: string): boolean {
    return poolOfSlot(key) === this.key;
  }

  refresh(): Promise<void> {
    return KNOWN;
  }
}

/** Slots that are certain keys. */
export class NamedSource implements SlotSource {
  readonly identity: string;
  readonly key: string;
  readonly isSearchedByStore = false;
  readonly inOrder = false;
  readonly isListed = false;
  readonly slots: readonly SlotName[];

  constructor(
    name: string,
    private readonly ids: readonly string[],
  ) {
    this.key = poolKey(name);
    this.identity = JSON.stringify([name, ids]);
    this.slots = ids.map(id => ({ id, key: id }));
  }

  get size(): number {
    return this.slots.length;
  }

  has(key: string): boolean {
    return this.ids.includes(key);
  }

  refresh(): Promise<void> {
    return KNOWN;
  }
}

/** Slots that are the keys which the store lists. */
export class ListedSource implements SlotSource {
  readonly identity: string;
  readonly key: string;
  readonly isSearchedByStore = false;
  readonly inOrder = false;
  readonly isListed = true;
  slots: readonly SlotName[] = [];
  private listedAt = -Infinity;
  private notBeforeMs = -Infinity;
  private listing: Promise<void> | null = null;

  constructor(
    name: string,
    private readonly prefix: string,
    private readonly refreshEveryMs: number,
    private readonly clock: Clock,
    private readonly list: (prefix: string) => AsyncIterable<{ readonly key: string }>,
  ) {
    this.key = poolKey(name);
    this.identity = JSON.stringify([name, { discover: prefix, refreshEveryMs }]);
  }

  get size(): number {
    return this.slots.length;
  }

  has(key: string): boolean {
    return key.startsWith(this.prefix);
  }

  refresh(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.listedAt < this.refreshEveryMs || nowMs < this.notBeforeMs) return KNOWN;
    return (this.listing ??= this.learn().finally(() => (this.listing = null)));
  }

  private async learn(): Promise<void> {
    const keys: string[] = [];
    try {
      for await (const { key } of this.list(this.prefix)) keys.push(key);
    } catch (error) {
      // As long as some are known, not everybody who asks for one shall wait for a list that cannot be had.
      if (this.slots.length > 0) this.notBeforeMs = this.clock.monotonicMs() + RETRY_MS;
      throw error;
    }
    this.slots = keys.sort().map(key => ({ id: key, key }));
    this.listedAt = this.clock.monotonicMs();
  }
}
