import type { LeaseStore } from '../../core/lease-store.js';

/** How the conformance suite reaches a store. */
export interface ConformanceHarness {
  /** Opens a store for one case. Its backend may be shared by all cases: each uses keys of its own. */
  open(): Promise<LeaseStore>;
  /** Closes what {@link open} or {@link reopen} returned. @default `store.close?.()` */
  close?(store: LeaseStore): Promise<void>;
  /** Opens another store on the same backend while the first stays open, as another process would. */
  reopen?(store: LeaseStore): Promise<LeaseStore>;
  /** Lets `ms` pass for the store: on a virtual clock, or by waiting. */
  elapse(ms: number): Promise<void>;
  /**
   * Unit of all TTLs, in ms. On a real backend 300 is a good compromise: the suite waits about 80 units in total, and
   * a pause of the machine that is longer than one unit can fail a case.
   */
  ttlMs: number;
  /** Writes garbage where the store keeps the record of `key`. Without it the cases on corrupt records are left out. */
  corrupt?(key: string, store: LeaseStore): Promise<void>;
  /** Start of all keys; those of pools have `pool/` before it. @default `'conformance/'` */
  keyPrefix?: string;
  /** What `store.expiry` is. Each has cases that only such a store can pass. @default 'server' */
  expiry?: LeaseStore['expiry'];
  /** What `store.findsSlots` is. The cases on pools are for such stores only; the first case checks the claim. @default false */
  findsSlots?: boolean;
  /** Optional parts of the port that the store does not have. Their cases are left out; the first case checks the claim. */
  lacks?: readonly ('whenFreed' | 'renewMany')[];
}

/** One claim of the port. Hand it to any test runner: `it(case.name, case.run)`. */
export interface ConformanceCase {
  /** Part of the port it is about, such as `'acquire'`. */
  readonly group: string;
  /** Unique; starts with the group. */
  readonly name: string;
  /** Rejects with an `AssertionError` when the claim does not hold. */
  run(): Promise<void>;
}

/** What a case needs beyond the mandatory part of the port. */
export type Need =
  'server-expiry' | 'observed-expiry' | 'reopen' | 'corrupt' | 'whenFreed' | 'renewMany' | 'slots';

/** Whether a harness offers it. */
export function offers(harness: ConformanceHarness, need: Need): boolean {
  switch (need) {
    case 'server-expiry':
      return harness.expiry !== 'observed';
    case 'observed-expiry':
      return harness.expiry === 'observed';
    case 'reopen':
      return harness.reopen !== undefined;
    case 'corrupt':
      return harness.corrupt !== undefined;
    case 'slots':
      return harness.findsSlots === true;
    case 'whenFreed':
    case 'renewMany':
      return harness.lacks?.includes(need) !== true;
  }
}
