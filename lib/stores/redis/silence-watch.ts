import type { Clock, Timer } from '../../core/ports.js';

/**
 * Notices that a connection has answered nothing since a command was sent until its caller gave up. One timer, which is left
 * as it is when a reply comes: it then finds nothing to say.
 */
export class SilenceWatch {
  private unanswered = 0;
  /** When the oldest command since the last reply is given up. */
  private silentAt = Infinity;
  private timer: Timer | null = null;
  private armedFor = Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly onSilence: () => void,
  ) {}

  /** A command was sent, for which its caller waits so long. */
  sent(timeoutMs: number): void {
    this.unanswered++;
    const givenUpAt = this.clock.monotonicMs() + timeoutMs;
    if (givenUpAt >= this.silentAt) return;
    this.silentAt = givenUpAt;
    if (givenUpAt < this.armedFor) this.arm(timeoutMs);
  }

  /** A command has ended: by a reply, which shows that the connection lives, or by an error. */
  ended(isAnswer: boolean): void {
    if (--this.unanswered === 0 || isAnswer) this.silentAt = Infinity;
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
    this.silentAt = -Infinity;
  }

  private arm(delayMs: number): void {
    this.timer?.cancel();
    this.armedFor = this.silentAt;
    this.timer = this.clock.startTimer(delayMs, () => this.look(), { unref: true });
  }

  private look(): void {
    this.timer = null;
    this.armedFor = Infinity;
    if (this.silentAt === Infinity) return;
    const leftMs = this.silentAt - this.clock.monotonicMs();
    if (leftMs > 0) return this.arm(leftMs);
    this.silentAt = Infinity;
    this.onSilence();
  }
}
