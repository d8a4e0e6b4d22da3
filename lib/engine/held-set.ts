import { LockLostError, LockReleasedError, OptionsInvalidError } from '../core/errors.js';
import type { Lease, LeaseSet, RenewOptions } from '../core/lease.js';
import type { ElapsedTime } from '../core/lease-timing.js';
import { checkOneData } from '../core/options.js';
import type { HeldLease, LeaseBond, LeaseEnd } from './held-lease.js';
import { JoinedLease } from './joined-lease.js';

/**
 * Leases of several keys as their holder sees them. Those that were acquired for it are bound together; those that it has
 * joined belong to the work around it: their end ends the set, but not the other way round.
 */
export class HeldSet implements LeaseSet, LeaseBond {
  /** What was acquired for it. */
  readonly own: HeldLease[] = [];
  private readonly joined: HeldLease[] = [];
  private readonly shown = new Map<string, Lease>();
  private end: LeaseEnd | null = null;
  private controller: AbortController | null = null;

  constructor(
    readonly keys: readonly string[],
    private readonly elapsed: ElapsedTime,
  ) {}

  /** Takes in a lease that was acquired for it. */
  add(lease: HeldLease): void {
    this.own.push(lease);
    this.shown.set(lease.key, lease);
    lease.bind(this);
    this.look();
  }

  /** Takes in a lease that the work around it holds. */
  join(lease: HeldLease): void {
    this.joined.push(lease);
    this.shown.set(lease.key, new JoinedLease(lease, this));
    lease.signal.addEventListener('abort', this, { once: true });
    this.look();
  }

  get leases(): readonly Lease[] {
    return this.keys.map(key => this.of(key));
  }

  /** All that it consists of, first that of `key`, with what is shown of each. */
  from(key: string): { lease: HeldLease; shown: Lease }[] {
    const all = [...this.own, ...this.joined].map(lease => ({ lease, shown: this.of(lease.key) }));
    return [...all.filter(({ lease }) => lease.key === key), ...all.filter(({ lease }) => lease.key !== key)];
  }

  of(key: string): Lease {
    const lease = this.shown.get(key);
    if (lease !== undefined) return lease;
    throw new OptionsInvalidError([
      `key ('${key}') is none of this set; its keys are '${this.keys.join("', '")}'`,
    ]);
  }

  get isHeld(): boolean {
    this.look();
    return this.end === null;
  }

  get isExpiring(): boolean {
    return this.isHeld && this.members.some(lease => lease.isExpiring);
  }

  get remainingMs(): number {
    if (!this.isHeld) return 0;
    return Math.min(...this.members.filter(lease => !lease.isOver).map(lease => lease.remainingMs));
  }

  get signal(): AbortSignal {
    this.look();
    if (this.controller === null) {
      this.controller = new AbortController();
      if (this.end !== null) this.controller.abort(this.end);
    }
    return this.controller.signal;
  }

  /** The loss of a lease; `undefined` while held and when released here. */
  get loss(): LockLostError | undefined {
    this.look();
    return this.end instanceof LockLostError ? this.end : undefined;
  }

  assertHeld(): void {
    this.look();
    if (this.end !== null) throw this.end;
  }

  /** As {@link assertHeld}, but a lease that was released by itself is missing. */
  assertWhole(): void {
    for (const lease of this.leases) lease.assertHeld();
  }

  async renew(options: Omit<RenewOptions, 'data'> = {}): Promise<void> {
    checkOneData(this.keys, options);
    this.assertHeld();
    const members = this.members.filter(lease => !lease.isOver).sort(byKey);
    const renewals = await Promise.allSettled(members.map(lease => lease.renew(options)));
    this.assertHeld();
    // One that was released by itself meanwhile has left the set.
    const failed = renewals.find((each, index) => each.status === 'rejected' && !members[index]!.isOver);
    if (failed?.status === 'rejected') throw failed.reason;
  }

  release(): Promise<void> {
    return this.finish(this.own.map(lease => lease.release()));
  }

  /** As {@link release}, when nothing was done under it: `holdAtLeast` does not count. */
  giveBack(): Promise<void> {
    return this.finish(this.own.map(lease => lease.giveBack()));
  }

  onExpiring(listener: (remainingMs: number) => void): () => void {
    const removers: (() => void)[] = [];
    const remove = (): void => removers.splice(0).forEach(each => each());
    for (const lease of this.members) {
      const warn = (remainingMs: number): void => (remove(), listener(remainingMs));
      removers.push(lease.onExpiring(warn));
    }
    return remove;
  }

  check(now: number): void {
    if (this.end === null) {
      for (const lease of this.own) lease.checkOwnClock(now);
      for (const lease of this.joined) lease.checkClock(now);
      // Ending a lease may have come back to here.
      this.end ??= this.findEnd();
    }
    if (this.end !== null) this.tell(this.end);
  }

  /** As the signals of the joined call it. */
  handleEvent(): void {
    this.look();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  private get members(): HeldLease[] {
    return [...this.own, ...this.joined];
  }

  private look(): void {
    this.check(this.elapsed.now());
  }

  private findEnd(): LeaseEnd | null {
    const { members } = this;
    for (const { failure } of members) if (failure !== undefined) return failure;
    const isOver = members.length === this.keys.length && members.every(lease => lease.isOver);
    return isOver ? new LockReleasedError(this.keys[0]!) : null;
  }

  /** Also those that were in the midst of being told when somebody asked. */
  private tell(end: LeaseEnd): void {
    for (const lease of this.own) lease.endFor(end);
    this.controller?.abort(end);
  }

  private async finish(releases: Promise<void>[]): Promise<void> {
    this.end ??= new LockReleasedError(this.keys[0]!);
    this.tell(this.end);
    for (const lease of this.joined) lease.signal.removeEventListener('abort', this);
    await Promise.all(releases);
  }
}

function byKey(a: HeldLease, b: HeldLease): number {
  return a.key < b.key ? -1 : 1;
}
