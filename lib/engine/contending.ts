import { StoreRejectedError, StoreUnavailableError, type DistributedLockError } from '../core/errors.js';
import type { HolderInfo } from '../core/lease-store.js';
import type { Clock } from '../core/ports.js';
import type { Grant, LeaseServices } from './lease-services.js';
import type { StoreGateway } from './store-gateway.js';

/** What contenders of one manager share, besides what leases share. */
export interface ContentionServices extends LeaseServices {
  readonly clock: Clock;
  readonly gateway: StoreGateway;
  describeHolder(): HolderInfo;
}

/** What a contender has last seen of its key. */
export type Obstacle =
  | {
      readonly kind: 'held';
      readonly owner?: string;
      readonly holder?: HolderInfo;
      readonly freeInMs?: number;
      readonly mayBeDead?: boolean;
    }
  | { readonly kind: 'not-yet'; readonly freeInMs: number }
  | { readonly kind: 'unavailable'; readonly error: DistributedLockError };

/** What a contender tells. Granted or failed, it has ended; so it has once abandoned, and then tells nothing. */
export interface ContenderEvents {
  granted(grant: Grant): void;
  /** What waiting cannot cure. */
  failed(error: DistributedLockError): void;
  /** What stands in the way, before each pause. */
  blocked(obstacle: Obstacle, retryInMs: number): void;
}

/** What a contender wants: a key, or any slot of a pool where the store finds a free one. */
export interface Wanted {
  readonly key: string;
  /** How many slots the pool has. */
  readonly slots?: number;
  readonly firstSlot?: number;
}

/** Whether waiting may help: not against a wrong configuration. */
export function isCurable(error: DistributedLockError): boolean {
  return error instanceof StoreUnavailableError || (error instanceof StoreRejectedError && error.retryable);
}

/** Somebody who asks the store on behalf of the first in line, until he is granted something, has failed, or is abandoned. */
export interface Contending {
  start(): void;
  /** Stops asking. What was granted and not taken yet, or is granted after all, is released. */
  abandon(): void;
  /** Something may be free: a pause ends. */
  wake(): void;
  /** Resolves once it neither asks nor pauses any more. */
  whenEnded(): Promise<void>;
}
