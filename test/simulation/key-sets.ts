import type { Lease } from '../../lib/core/lease.js';
import type { AcquireOptions, ResolvedAcquire } from '../../lib/core/options.js';

/** Marks what is acquired for one set, so that its leases are known even when nobody is given the set. */
export function markSet(options: AcquireOptions, id: string): AcquireOptions {
  return { ...options, attributes: { simulatedSet: id } };
}

/** The mark of the set for which a lease was acquired. */
export function setOf(lease: Lease): unknown {
  const { resolved } = lease as unknown as { resolved: ResolvedAcquire };
  return resolved.attributes?.simulatedSet;
}
