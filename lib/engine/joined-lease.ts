import type { LeaseAttributes, LeaseData } from '../core/lease-store.js';
import type { Lease, LeaseSet, ReleaseOptions, RenewOptions } from '../core/lease.js';

/**
 * A lease of the work around a set, as seen from within: whether to go on is a question to the set, since the loss of its other
 * keys does not end the work around it.
 */
export class JoinedLease implements Lease {
  constructor(
    private readonly lease: Lease,
    private readonly set: Pick<LeaseSet, 'signal' | 'isHeld' | 'assertHeld'>,
  ) {}

  get key(): string {
    return this.lease.key;
  }

  get slot(): number | string | undefined {
    return this.lease.slot;
  }

  get owner(): string {
    return this.lease.owner;
  }

  get fencingToken(): number {
    return this.lease.fencingToken;
  }

  get signal(): AbortSignal {
    return this.set.signal;
  }

  get isHeld(): boolean {
    return this.set.isHeld && this.lease.isHeld;
  }

  get isExpiring(): boolean {
    return this.isHeld && this.lease.isExpiring;
  }

  get remainingMs(): number {
    return this.isHeld ? this.lease.remainingMs : 0;
  }

  get data(): LeaseData | undefined {
    return this.lease.data;
  }

  get attributes(): LeaseAttributes {
    return this.lease.attributes;
  }

  assertHeld(): void {
    this.set.assertHeld();
    this.lease.assertHeld();
  }

  renew(options?: RenewOptions): Promise<void> {
    return this.lease.renew(options);
  }

  release(options?: ReleaseOptions): Promise<void> {
    return this.lease.release(options);
  }

  onExpiring(listener: (remainingMs: number) => void): () => void {
    return this.lease.onExpiring(listener);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
