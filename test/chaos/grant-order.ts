import type { Claim } from './claims.js';
import type { Access } from './journal.js';
import type { Span } from './overlaps.js';

/**
 * Who was granted a key before whom, by when each was read as held and not by tokens. While two holders at a time are
 * excluded, that is the order of the grants.
 */
export class GrantOrder {
  private readonly claims: ReadonlyMap<string, Claim>;

  /** @param outside as for overlaps: where a key had several holders, order is known across the fault only */
  constructor(
    claims: readonly Claim[],
    private readonly outside: readonly Span[],
  ) {
    this.claims = new Map(claims.map(claim => [claim.lease, claim]));
  }

  /** Whether `earlier` was surely granted before `later`. */
  precedes(earlier: Claim, later: Claim): boolean {
    if (earlier.key !== later.key || earlier.from >= later.from) return false;
    return !this.outside.some(span => span.from <= earlier.from && later.from <= span.to);
  }

  /** Accesses that were accepted although a later holder had been accepted before. */
  staleAmong(accesses: readonly Access[]): Access[] {
    const newest = new Map<string, Claim[]>();
    return accesses.filter(access => {
      const claim = this.claims.get(access.lease);
      if (!access.accepted || claim === undefined) return false;
      const seen = newest.get(access.key) ?? [];
      if (seen.at(-1) !== claim)
        newest.set(access.key, [...seen.filter(it => it !== claim).slice(-20), claim]);
      return seen.some(other => other !== claim && this.precedes(claim, other));
    });
  }

  /** Pairs of neighbours whose tokens do not grow with the order of their grants. */
  tokensOutOfOrder(): [Claim, Claim][] {
    const highest = new Map<string, Claim>();
    const pairs: [Claim, Claim][] = [];
    for (const claim of [...this.claims.values()].sort((a, b) => a.from - b.from)) {
      const before = highest.get(claim.key);
      if (before !== undefined && this.precedes(before, claim) && before.token >= claim.token)
        pairs.push([before, claim]);
      if (before === undefined || claim.token > before.token) highest.set(claim.key, claim);
    }
    return pairs;
  }
}
