import { AsyncResource } from 'node:async_hooks';
import { afterEach, beforeEach, expect } from '@jest/globals';
import type { LockEvents } from '../../lib/core/events.js';
import type { LeaseStore } from '../../lib/core/lease-store.js';
import type { SyncManagerOptions } from '../../lib/core/options.js';
import { SyncManager } from '../../lib/engine/sync-manager.js';
import { memoryStore, type MemoryLeaseStore } from '../../lib/stores/memory/index.js';
import { createSeededRandom, FaultyStore, VirtualClock } from '../../lib/testing/index.js';
import { leftovers, NOTHING } from '../support/leftovers.js';

export { leftovers, NOTHING };

export type EventName = keyof LockEvents;

const EVENTS: EventName[] = [
  'acquired',
  'renewed',
  'renewal-failed',
  'expiring',
  'lost',
  'released',
  'release-failed',
  'waiting',
  'acquire-delayed',
  'listener-error',
];

/** One process: its clock, its network, its manager, and what that told. */
export interface Replica {
  readonly clock: VirtualClock;
  readonly link: FaultyStore;
  readonly manager: SyncManager;
  readonly events: { name: EventName; event: any }[];
  readonly warnings: string[];
  /** Names of the events so far, or of those of one name. */
  told(name?: EventName): any[];
}

export interface ReplicaOptions extends Partial<Omit<SyncManagerOptions, 'store' | 'driftRate'>> {
  /** How much faster than the store's clock this one runs. */
  drift?: number;
  driftRate?: number;
  /** Stands between the manager and its link. */
  wrap?: (store: LeaseStore, clock: VirtualClock) => LeaseStore;
}

/** A store, time, and replicas that share them. */
export class World {
  clock!: VirtualClock;
  store!: MemoryLeaseStore;
  replicas: Replica[] = [];

  reset(): void {
    this.clock = new VirtualClock();
    this.store = memoryStore({ clock: this.clock });
    this.replicas = [];
  }

  replica({ drift = 0, wrap = store => store, ...options }: ReplicaOptions = {}): Replica {
    const clock = this.clock.sibling({ driftRate: drift });
    // As Node's timers do: a callback runs in the async context in which its timer was started.
    const startTimer = clock.startTimer.bind(clock);
    clock.startTimer = (delayMs, callback, timerOptions) =>
      startTimer(delayMs, AsyncResource.bind(callback), timerOptions);
    const link = new FaultyStore(this.store, { clock: this.clock });
    const warnings: string[] = [];
    const warn = (message: string): void => void warnings.push(message);
    const manager = new SyncManager(
      { store: wrap(link, clock), ttl: 10_000, ...options },
      {
        clock,
        random: createSeededRandom(`replica-${this.replicas.length}`),
        logger: { log: warn, warn, error: warn },
      },
    );
    const events: Replica['events'] = [];
    for (const name of EVENTS) manager.on(name, event => events.push({ name, event }));
    const told = (name?: EventName): any[] =>
      events.filter(entry => name === undefined || entry.name === name).map(entry => entry.event);
    const replica = { clock, link, manager, events, warnings, told };
    this.replicas.push(replica);
    return replica;
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  settle(): Promise<void> {
    return this.clock.settle();
  }

  until<T>(promise: PromiseLike<T>, maxMs?: number): Promise<T> {
    return this.clock.until(promise, maxMs);
  }

  /** Lets time pass ms by ms, looking after each. */
  async everyMs(ms: number, look: (elapsedMs: number) => void): Promise<void> {
    for (let elapsedMs = 1; elapsedMs <= ms; elapsedMs++) {
      await this.advance(1);
      look(elapsedMs);
    }
  }
}

/**
 * A new world for each test of this file. After each, every manager is closed, and must have left no timer, lease or
 * waiter behind, and no rejection unhandled.
 */
export function useWorld(): World {
  const world = new World();
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => {
    world.reset();
    unhandled.length = 0;
    process.on('unhandledRejection', onUnhandled);
  });
  afterEach(async () => {
    for (const { clock, manager } of world.replicas) {
      await world.until(manager.close(), 60_000);
      await world.settle();
      expect(leftovers(manager)).toEqual(NOTHING);
      expect(clock.armedTimers).toBe(0);
    }
    await new Promise(resolve => setImmediate(resolve));
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
  });
  return world;
}

/** What has become of a promise so far. */
export interface Tracked<T> {
  state: 'pending' | 'resolved' | 'rejected';
  value?: T;
  error?: any;
}

export function track<T>(promise: PromiseLike<T>): Tracked<T> {
  const tracked: Tracked<T> = { state: 'pending' };
  promise.then(
    value => Object.assign(tracked, { state: 'resolved', value }),
    (error: unknown) => Object.assign(tracked, { state: 'rejected', error }),
  );
  return tracked;
}

/** Lets `count` microtasks pass, and one. */
export async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}
