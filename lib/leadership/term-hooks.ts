import type { Lease } from '../core/lease.js';

/** Called at the beginning and the end of a term as leader. */
export interface LeadershipHooks {
  /** This replica leads. A rejection makes it resign. `lease.signal` aborts when the term ends. */
  onAcquired(lease: Lease): Promise<void> | void;
  /** The term is over, for whatever reason. */
  onLost(): Promise<void> | void;
}

/**
 * Runs the hooks of successive terms one after the other: a term's lost-hook after its acquired-hook, and the next
 * acquired-hook after that.
 */
export class TermHooks {
  private chain: Promise<void> = Promise.resolve();
  private isInTerm = false;

  constructor(
    private readonly hooks: LeadershipHooks | undefined,
    private readonly onError: (hook: 'acquired' | 'lost', error: unknown) => void,
  ) {}

  /** A term has begun. Its hook is not called when the term is over by the time its turn comes. */
  acquired(lease: Lease): void {
    this.isInTerm = true;
    this.then('acquired', () => (lease.isHeld ? this.hooks?.onAcquired(lease) : undefined));
  }

  /** The term has ended; said twice, it counts once. */
  lost(): void {
    if (!this.isInTerm) return;
    this.isInTerm = false;
    this.then('lost', () => this.hooks?.onLost());
  }

  /** Resolves once no hook runs and none is waiting. */
  async settled(): Promise<void> {
    for (let seen: Promise<void> | null = null; seen !== this.chain;) {
      seen = this.chain;
      await seen;
    }
  }

  private then(hook: 'acquired' | 'lost', run: () => Promise<void> | void): void {
    this.chain = this.chain.then(run).catch((error: unknown) => this.onError(hook, error));
  }
}
