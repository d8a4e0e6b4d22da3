import type { HolderInfo } from './lease-store.js';
import type { LossCause } from './errors.js';

/** Which acquisition an event is about. */
export interface LeaseEvent {
  readonly key: string;
  readonly owner: string;
  readonly fencingToken: number;
}

/** What a `SyncManager` tells. Each acquisition ends with exactly one `released` or `lost`. */
export interface LockEvents {
  /** A key was granted. */
  acquired: LeaseEvent & { readonly waitedMs: number };
  renewed: LeaseEvent & { readonly remainingMs: number };
  /** One renewal brought no answer; the lease is still held and the renewal is tried again. */
  'renewal-failed': LeaseEvent & { readonly error: Error; readonly remainingMs: number };
  /** No renewal has succeeded for `expiringAfter`; once per lease. */
  expiring: LeaseEvent & { readonly remainingMs: number };
  lost: LeaseEvent & { readonly cause: LossCause };
  released: LeaseEvent & { readonly heldMs: number };
  /** The store did not confirm a release; the key ends by its TTL at the latest. */
  'release-failed': { readonly key: string; readonly owner: string; readonly error: Error };
  /** The key is held by another and somebody here waits for it; once per contender and holder. */
  waiting: { readonly key: string; readonly holder?: HolderInfo };
  /** The store gave no grant for a reason other than a holder; `acquire` goes on trying. */
  'acquire-delayed': {
    readonly key: string;
    readonly reason: 'unavailable' | 'restart-guard';
    readonly error?: Error;
    readonly retryInMs: number;
  };
  /** A listener threw; nothing else is affected. */
  'listener-error': { readonly event: string; readonly error: unknown };
}

export type LockEventListener<E extends keyof LockEvents> = (event: LockEvents[E]) => void;

/** Delivers events synchronously. A listener that throws disturbs neither the sender nor the other listeners. */
export class EventHub {
  private readonly listeners = new Map<keyof LockEvents, Set<LockEventListener<never>>>();

  /** @returns a function that removes the listener */
  on<E extends keyof LockEvents>(name: E, listener: LockEventListener<E>): () => void {
    // An entry of its own, since one function may be subscribed twice.
    const entry: LockEventListener<E> = event => listener(event);
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set.add(entry));
    return () => void set.delete(entry);
  }

  /** Whether anybody listens; what nobody hears need not be worked out. */
  has(name: keyof LockEvents): boolean {
    return (this.listeners.get(name)?.size ?? 0) > 0;
  }

  emit<E extends keyof LockEvents>(name: E, event: LockEvents[E]): void {
    const listeners = this.listeners.get(name);
    if (listeners === undefined) return;
    for (const listener of [...listeners]) {
      this.guard(name, () => (listener as LockEventListener<E>)(event));
    }
  }

  /** Calls a user's listener for `name`; what it throws becomes an event. */
  guard(name: string, listener: () => void): void {
    try {
      listener();
    } catch (error) {
      if (name !== 'listener-error') this.emit('listener-error', { event: name, error });
    }
  }
}
