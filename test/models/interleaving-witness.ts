import type { LeaseRecord } from '../../lib/core/lease-store.js';
import type { HeldLease } from '../../lib/engine/held-lease.js';
import type { Replica } from '../engine/world.js';

interface Watched {
  readonly lease: HeldLease;
  readonly signal: AbortSignal;
  wasOver: boolean;
  /** Until when it is held, on its holder's clock, as far as it has told. */
  until: number;
}

/** What a lease tells while it is held. */
const OF_A_HELD_LEASE = new Set(['renewed', 'expiring', 'renewal-failed']);

/** Sees all leases of the key in all replicas, and writes down what no lease may do. */
export class InterleavingWitness {
  readonly complaints: string[] = [];
  private readonly watched: Watched[] = [];
  private isLooking = false;

  /** Looks at every lease of `replica` as soon as it is granted. */
  follow({ manager }: Replica, key: string): void {
    const { queues, elapsed } = (manager as any).engine;
    manager.on('acquired', ({ owner }) => {
      const lease: HeldLease | undefined = queues.get(key)?.local ?? undefined;
      if (lease?.owner !== owner)
        return void this.complaints.push(`${owner} was announced while ${lease?.owner} has the key here`);
      const until = elapsed.now() + lease.remainingMs;
      this.watched.push({ lease, signal: lease.signal, wasOver: false, until });
    });
    manager.on('renewed', ({ owner, remainingMs }) => {
      const each = this.watched.find(({ lease }) => lease.owner === owner)!;
      if (elapsed.now() >= each.until) this.complaints.push(`${owner} was renewed when its time was over`);
      each.until = elapsed.now() + remainingMs;
    });
  }

  /** Reads what the leases say now, which is a look at the clock. */
  look(): void {
    // What a look finds has listeners, who may have it looked again.
    if (this.isLooking) return;
    this.isLooking = true;
    const held = this.watched.filter(each => this.lookAt(each));
    // A listener of the last loss found may have let time pass.
    const stillHeld = held.filter(({ lease }) => lease.isHeld).map(({ lease }) => lease.owner);
    if (stillHeld.length > 1) this.complaints.push(`${stillHeld.join(' and ')} are held at once`);
    this.isLooking = false;
  }

  /** Compares the leases with what the store keeps. */
  compare(record: LeaseRecord | null): void {
    for (const { lease } of this.watched) {
      if (lease.isHeld && record?.owner !== lease.owner)
        this.complaints.push(`${lease.owner} is held, and the store has ${record?.owner ?? 'nobody'}`);
    }
  }

  /** What is wrong with the story that a replica's events tell; to be asked at the end. */
  *verdicts({ events }: Replica): Generator<string> {
    const states = new Map<string, 'held' | 'over'>();
    for (const { name, event } of events) {
      const state = states.get(event.owner);
      if (name === 'acquired') {
        if (state !== undefined) yield `${event.owner} was acquired twice`;
        states.set(event.owner, 'held');
      } else if (name === 'lost' || name === 'released') {
        if (state !== 'held') yield `${event.owner} was told ${name} when ${state ?? 'unknown'}`;
        states.set(event.owner, 'over');
      } else if (OF_A_HELD_LEASE.has(name) && state !== 'held') {
        yield `${event.owner} was told ${name} when ${state ?? 'unknown'}`;
      } else if (name === 'listener-error') {
        yield `a listener threw ${String(event.error)}`;
      }
    }
    for (const [owner, state] of states) if (state !== 'over') yield `${owner} was told no end`;
  }

  /** Whether the lease of `owner` was lost: the store may keep it until its TTL is over. */
  hasLost(owner: string): boolean {
    return this.watched.some(
      ({ lease }) => lease.owner === owner && lease.signal.reason?.code === 'LOCK_LOST',
    );
  }

  private lookAt(each: Watched): boolean {
    const { lease, signal } = each;
    const isAborted = lease.signal.aborted;
    const { isHeld } = lease;
    if (isAborted === isHeld) this.complaints.push(`${lease.owner}: aborted and held are both ${isHeld}`);
    if (signal !== lease.signal) this.complaints.push(`${lease.owner} has another signal`);
    if (isHeld && each.wasOver) this.complaints.push(`${lease.owner} has come back`);
    each.wasOver = !isHeld;
    return isHeld;
  }
}
