/** Who wants to know when a key may have become free. Hints are told asynchronously, after the change has happened. */
export class FreedHints {
  private readonly listeners = new Map<string, Set<() => void>>();

  /** Tells once right after subscribing, then at each {@link tell}, until `signal` aborts. */
  subscribe(key: string, onFreed: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const listener = (): void => {
      if (!signal.aborted) onFreed();
    };
    const listeners = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, listeners.add(listener));
    const unsubscribe = (): void => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners.get(key) === listeners) this.listeners.delete(key);
    };
    signal.addEventListener('abort', unsubscribe, { once: true });
    queueMicrotask(listener);
  }

  tell(key: string): void {
    const listeners = this.listeners.get(key);
    if (listeners === undefined) return;
    for (const listener of listeners) queueMicrotask(listener);
  }
}
