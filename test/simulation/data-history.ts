import type { LeaseData } from '../../lib/core/lease-store.js';
import type { SeenGrant } from './oracle.js';

interface DataWrite {
  readonly order: number;
  isAcked: boolean;
}

/** More writes than one lease makes. */
const WRITES_PER_GRANT = 100_000;

/**
 * Which data was written beside each key, in the order of grants and of writes under each. A new holder finds the newest
 * that was acknowledged before its grant, or one after it whose reply was lost.
 */
export class DataHistory {
  private readonly writes = new Map<string, Map<LeaseData | null, DataWrite>>();
  private readonly forgotten = new Set<string>();

  /** Somebody is about to write. @returns what to call when the write was acknowledged */
  writing({ key, index }: SeenGrant, value: LeaseData | null, sequence: number): () => void {
    const write = { order: index * WRITES_PER_GRANT + sequence, isAcked: false };
    let writes = this.writes.get(key);
    if (writes === undefined) this.writes.set(key, (writes = new Map()));
    writes.set(value, write);
    return () => void (write.isAcked = true);
  }

  newestAcked(key: string): number {
    let newest = -1;
    for (const { order, isAcked } of this.writes.get(key)?.values() ?? [])
      if (isAcked) newest = Math.max(newest, order);
    return newest;
  }

  /** The server may have lost what was written. */
  forget(): void {
    for (const key of this.writes.keys()) this.forgotten.add(key);
    for (const writes of this.writes.values()) for (const write of writes.values()) write.isAcked = false;
  }

  /** @returns what is wrong with the data that the holder of a grant found */
  check({ key, ackedBefore }: SeenGrant, found: LeaseData | undefined): string | null {
    if (found === undefined) {
      return ackedBefore < 0 || this.forgotten.has(key)
        ? null
        : `${key} has lost the data of write ${ackedBefore}`;
    }
    const write = this.writes.get(key)?.get(found);
    if (write === undefined) return `${key} has data that nobody wrote`;
    if (write.order >= ackedBefore || this.forgotten.has(key)) return null;
    return `${key} has the data of write ${write.order} after that of ${ackedBefore} was acknowledged`;
  }
}
