import type { Lease } from '../core/lease.js';

/**
 * A provider that begins something when this replica becomes the leader.
 *
 * @example
 * \@Injectable()
 * class Settlement implements OnLeadershipAcquired, OnLeadershipLost {
 *   async onLeadershipAcquired(lease: Lease) { await this.consumer.start({ signal: lease.signal }); }
 *   async onLeadershipLost() { await this.consumer.stop(); }
 * }
 */
export interface OnLeadershipAcquired {
  /**
   * Called once per term, after the lost-hooks of the previous term have ended; all providers at the same time. Leadership
   * is resigned when it rejects. Its `signal` aborts at the end of the term.
   */
  onLeadershipAcquired(lease: Lease): void | Promise<void>;
}

/** A provider that ends something when this replica stops leading. */
export interface OnLeadershipLost {
  /**
   * Called once per term at its end, whether leadership was lost or given up; all providers at the same time. Where it
   * was given up, the key is released only after this has ended. What it throws is logged.
   */
  onLeadershipLost(): void | Promise<void>;
}

/** Whether a provider has the hook for the beginning of a term. */
export function hasAcquiredHook(instance: object): instance is OnLeadershipAcquired {
  return 'onLeadershipAcquired' in instance && typeof instance.onLeadershipAcquired === 'function';
}

/** Whether a provider has the hook for the end of a term. */
export function hasLostHook(instance: object): instance is OnLeadershipLost {
  return 'onLeadershipLost' in instance && typeof instance.onLeadershipLost === 'function';
}
