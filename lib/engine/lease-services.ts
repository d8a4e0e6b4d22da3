import type { EventHub, LeaseEvent, LockEvents } from '../core/events.js';
import type { HolderInfo, LeaseAttributes, LeaseData } from '../core/lease-store.js';
import type { ElapsedTime } from '../core/lease-timing.js';
import type { RandomSource } from '../core/ports.js';
import type { AbandonedOwners } from './abandoned-owners.js';
import type { Releaser } from './releaser.js';
import type { RenewalScheduler } from './renewal-scheduler.js';

/** What leases of one manager share. */
export interface LeaseServices {
  readonly elapsed: ElapsedTime;
  readonly random: RandomSource;
  readonly scheduler: RenewalScheduler;
  readonly releaser: Releaser;
  readonly abandoned: AbandonedOwners;
  readonly events: EventHub;
  readonly storeName: string;
}

/** An acquisition that the store has granted. */
export interface Grant {
  readonly key: string;
  /** Which slot of its pool it is. */
  readonly slot?: number | string;
  readonly owner: string;
  readonly fencingToken: number;
  readonly sentAt: number;
  /** Whether another attempt of its owner may be applied yet. */
  readonly isInDoubt: boolean;
  /** As the store was told. */
  readonly holder: HolderInfo;
  readonly data?: LeaseData;
  readonly attributes?: LeaseAttributes;
}

/** Tells something about one acquisition. */
export function tellOf<E extends 'renewed' | 'renewal-failed' | 'expiring' | 'lost' | 'released'>(
  events: EventHub,
  { key, owner, fencingToken }: Grant,
  name: E,
  facts: Omit<LockEvents[E], keyof LeaseEvent>,
): void {
  events.emit(name, { key, owner, fencingToken, ...facts } as unknown as LockEvents[E]);
}
