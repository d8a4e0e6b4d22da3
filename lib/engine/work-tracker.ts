/** Work that must have ended before something may be torn down. */
export class WorkTracker {
  private readonly running = new Set<Promise<unknown>>();

  get count(): number {
    return this.running.size;
  }

  /** @returns what `work` returns; it counts as running until it settles */
  track<T>(work: () => Promise<T>): Promise<T> {
    const promise = (async () => work())();
    const entry = promise.then(
      () => void this.running.delete(entry),
      () => void this.running.delete(entry),
    );
    this.running.add(entry);
    return promise;
  }

  /** Resolves once nothing runs, that which has started meanwhile included. */
  async drained(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }
}
