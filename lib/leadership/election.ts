import type { Clock } from '../core/ports.js';

/** Whether the first election has an outcome: this replica leads, or another was seen to. */
export class Election {
  private isDecided = false;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly clock: Clock) {}

  decide(): void {
    this.isDecided = true;
    for (const listener of [...this.listeners]) listener();
  }

  /** Resolves once decided, or after `timeoutMs`. */
  async decided(timeoutMs: number): Promise<void> {
    if (this.isDecided || timeoutMs <= 0) return;
    await new Promise<void>(resolve => {
      const done = (): void => {
        timer.cancel();
        this.listeners.delete(done);
        resolve();
      };
      const timer = this.clock.startTimer(timeoutMs, done);
      this.listeners.add(done);
    });
  }
}
