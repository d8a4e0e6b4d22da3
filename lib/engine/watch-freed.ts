import type { LeaseStore } from '../core/lease-store.js';

/** Has the store call `onFreed` whenever the key may be free, until `signal` aborts. One that cannot leaves it at polling. */
export function watchFreed(store: LeaseStore, key: string, onFreed: () => void, signal: AbortSignal): void {
  try {
    const done: unknown = store.whenFreed?.(key, onFreed, signal);
    void Promise.resolve(done).catch(() => undefined);
  } catch {
    // As above
  }
}
