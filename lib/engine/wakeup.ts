import type { Clock } from '../core/ports.js';

/** A pause that can be cut short. A wake-up that comes while nobody pauses ends the next pause, so none is missed. */
export class Wakeup {
  private resume: (() => void) | null = null;
  private isPending = false;

  constructor(
    private readonly clock: Clock,
    private readonly timerOptions: { unref: boolean },
  ) {}

  wake(): void {
    if (this.resume === null) this.isPending = true;
    else this.resume();
  }

  /** Resolves after `delayMs` (`Infinity`: never by itself), or at the next wake-up. */
  async pause(delayMs: number): Promise<void> {
    if (!this.isPending) {
      await new Promise<void>(resolve => {
        const timer =
          delayMs === Infinity ? null : this.clock.startTimer(delayMs, resolve, this.timerOptions);
        this.resume = () => {
          timer?.cancel();
          resolve();
        };
      });
      this.resume = null;
    }
    this.isPending = false;
  }
}
