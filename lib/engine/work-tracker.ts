/** Work that must have ended before something may be torn down. */
export class WorkTracker {
  private count = 0;
  private listeners: (() => void)[] | null = null;

  get isIdle(): boolean {
    return this.count === 0;
  }

  /** @returns what `work` returns; it counts as running until it settles */
  async track<T>(work: () => Promise<T>): Promise<T> {
    this.count++;
    try {
      return await work();
    } finally {
      this.count--;
      if (this.isIdle) this.tell();
    }
  }

  /** Resolves once nothing runs, that which has started meanwhile included. */
  async drained(): Promise<void> {
    while (!this.isIdle) await new Promise<void>(resolve => (this.listeners ??= []).push(resolve));
  }

  private tell(): void {
    const { listeners } = this;
    this.listeners = null;
    for (const listener of listeners ?? []) listener();
  }
}
