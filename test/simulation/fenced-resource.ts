import type { Oracle, SeenGrant } from './oracle.js';

/**
 * What the locks protect. It rejects each access whose fencing token is lower than one it has seen. Whether that was
 * enough is judged by the order in which the server made its grants.
 */
export class FencedResource {
  readonly counts = { accepted: 0, rejected: 0 };
  private readonly highest = new Map<string, number>();
  private readonly newest = new Map<string, SeenGrant>();

  constructor(private readonly oracle: Oracle) {}

  /** One access, read or write, under a lease. @returns whether it was accepted */
  access(grant: SeenGrant, fencingToken: number): boolean {
    const { key } = grant;
    if (fencingToken < (this.highest.get(key) ?? 0)) {
      this.counts.rejected++;
      return false;
    }
    this.highest.set(key, fencingToken);
    this.counts.accepted++;
    const newest = this.newest.get(key);
    if (newest !== undefined && newest.index > grant.index)
      this.oracle.violated(
        'a fenced resource serves no stale owner',
        `${key}: ${grant.owner} after ${newest.owner}`,
      );
    this.newest.set(key, grant);
    return true;
  }
}
