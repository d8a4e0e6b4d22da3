import type { LeaseStore } from '../core/lease-store.js';

/** Passes a store's hints on, or lets them vanish. */
export class HintRelay {
  private readonly subscribers = new Set<() => void>();
  private isDeaf = false;
  private isLost = false;

  constructor(private readonly inner: LeaseStore) {}

  subscribe(key: string, onFreed: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const relay = (): void => {
      if (!this.isDeaf && !this.isLost && !signal.aborted) onFreed();
    };
    this.subscribers.add(relay);
    signal.addEventListener('abort', () => this.subscribers.delete(relay), { once: true });
    this.inner.whenFreed?.(key, relay, signal);
  }

  /** Hints vanish while deaf; hearing again gives each subscriber one, as after a reconnect. */
  setDeaf(isDeaf: boolean): void {
    const hearsAgain = this.isDeaf && !isDeaf;
    this.isDeaf = isDeaf;
    if (hearsAgain) for (const relay of this.subscribers) queueMicrotask(relay);
  }

  /** Hints vanish while lost. */
  setLost(isLost: boolean): void {
    this.isLost = isLost;
  }
}
