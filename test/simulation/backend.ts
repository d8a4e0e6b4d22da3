import type { LeaseStore } from '../../lib/core/lease-store.js';
import type { Clock, RandomSource } from '../../lib/core/ports.js';
import type { Link } from './link.js';
import { StoreRejectedError, StoreUnavailableError } from '../../lib/core/errors.js';

/** To whom a server has granted a key. A key that is kept from everybody after a release has neither owner nor token. */
export interface Holding {
  readonly owner?: string;
  readonly fencingToken?: number;
}

/** What one client makes its store of. */
export interface ClientParts {
  readonly link: Link;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** What a server has after a restart. */
export type Survives = 'all' | 'stale' | 'nothing';

/** A server that all clients share, and the production store in front of it. */
export interface Backend {
  connect(parts: ClientParts): LeaseStore;
  /** What the server would say now; `null` when it would grant the key. Where contenders end leases, those that nobody has ended. */
  holding(key: string): Holding | null;
  /** What a throttled server answers. */
  refusal(): Error;
  /** What a client hears of a command whose connection broke. */
  brokenOff(): Error;
  /** The server goes down; nothing is answered. @returns what brings it up again */
  stop?(survives: Survives): () => void;
  /** Forgets a key, as a server that is short of memory. */
  evict?(key: string): void;
  /** Steps the server's wall clock. */
  jump?(ms: number): void;
}

/** What a store's own client makes of a server that refuses for now. */
export const throttled = (): Error => new StoreRejectedError('throttled', { retryable: true });

/** What it makes of a connection that breaks. */
export const notAnswered = (): Error => new StoreUnavailableError('the connection broke', { sent: true });
