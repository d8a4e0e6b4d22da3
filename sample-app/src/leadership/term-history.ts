import { Injectable } from '@nestjs/common';
import type { Lease, OnLeadershipAcquired } from 'nestjs-distributed-lock';

/** One time as the leader; times are those of the wall clock, in ms. */
export interface Term {
  readonly fencingToken: number;
  readonly ledAt: number;
  /** When the lease's signal fired. */
  endedAt?: number;
  reason?: string;
}

/** Notes when this replica began to lead, and when it was told to stop. */
@Injectable()
export class TermHistory implements OnLeadershipAcquired {
  readonly terms: Term[] = [];

  onLeadershipAcquired({ fencingToken, signal }: Lease): void {
    const term: Term = { fencingToken, ledAt: Date.now() };
    this.terms.push(term);
    const end = (): void => {
      term.endedAt = Date.now();
      term.reason = (signal.reason as { code: string }).code;
    };
    signal.addEventListener('abort', end, { once: true });
  }
}
