import type { Lease } from '../core/lease.js';
import type { HeldLease } from './held-lease.js';
import { runUnder } from './lease-context.js';

/** Called at the beginning and the end of a term: of a hold of one key. */
export interface TermListener {
  onAcquired?(lease: Lease): Promise<void> | void;
  /** The term is over, for whatever reason. */
  onLost?(lease: Lease): Promise<void> | void;
}

/** One hold of the key. */
interface Term {
  readonly lease: HeldLease;
  /** Whether its acquired-hook was called; without that, its lost-hook is not called either. */
  isAnnounced: boolean;
}

/**
 * Runs the hooks of successive terms one after the other: a term's lost-hook after its acquired-hook, and the next
 * acquired-hook after that.
 */
export class TermHooks {
  private chain: Promise<void> = Promise.resolve();
  /** Those that have begun and not ended, of which the store may have granted a later one before the loss of an earlier one is known. */
  private readonly terms = new Map<HeldLease, Term>();

  constructor(
    private readonly manager: object,
    private readonly hooks: TermListener | undefined,
    private readonly onError: (hook: 'acquired' | 'lost', error: unknown, lease: Lease) => void,
  ) {}

  /** A term has begun. Its hooks are not called when it is over by the time its turn comes. */
  acquired(lease: HeldLease): void {
    const term: Term = { lease, isAnnounced: false };
    this.terms.set(lease, term);
    this.then('acquired', term, () => {
      if (!lease.isHeld) return;
      term.isAnnounced = true;
      return this.hooks?.onAcquired?.(lease);
    });
  }

  /** The term of this lease has ended; said twice, it counts once. */
  lost(lease: HeldLease): void {
    const term = this.terms.get(lease);
    if (term === undefined) return;
    this.terms.delete(lease);
    this.then('lost', term, () => (term.isAnnounced ? this.hooks?.onLost?.(term.lease) : undefined));
  }

  /** Resolves once no hook runs and none is waiting. */
  async settled(): Promise<void> {
    for (let seen: Promise<void> | null = null; seen !== this.chain;) {
      seen = this.chain;
      await seen;
    }
  }

  private then(hook: 'acquired' | 'lost', { lease }: Term, run: () => Promise<void> | void): void {
    // A hook is part of its term: whoever resigns waits for it, so it must not wait for a resignation itself.
    const inTerm = (): Promise<void> | void => runUnder(this.manager, lease, run);
    this.chain = this.chain.then(inTerm).catch((error: unknown) => this.onError(hook, error, lease));
  }
}
