import type { Link, Message } from '../link.js';

/** A link whose messages a test holds up or loses; otherwise each arrives in a microtask, and so does its reply. */
export class StoppableLink implements Link {
  /** Everything that was asked, lost or not. */
  readonly sent: Message[] = [];
  private held: 'nothing' | 'requests' | 'replies' = 'nothing';
  private readonly waiting: (() => void)[] = [];
  private losses = 0;

  /** From now on requests, or replies, wait for {@link release}. */
  hold(what: 'requests' | 'replies'): void {
    this.held = what;
  }

  /** What waits goes on, but for the oldest `except`; nothing else is held up. */
  release({ except = 0 } = {}): void {
    this.held = 'nothing';
    for (const goOn of this.waiting.splice(except)) goOn();
  }

  /** The next request is lost. */
  loseNext(): void {
    this.losses++;
  }

  async exchange<T>(message: Message, apply: () => T): Promise<T> {
    this.sent.push(message);
    if (this.losses > 0) {
      this.losses--;
      return new Promise(() => {});
    }
    await this.passed('requests');
    const reply = apply();
    await this.passed('replies');
    return reply;
  }

  push(deliver: () => void): void {
    queueMicrotask(deliver);
  }

  private passed(what: 'requests' | 'replies'): Promise<void> {
    if (this.held !== what) return Promise.resolve();
    return new Promise(resolve => this.waiting.push(resolve));
  }
}
