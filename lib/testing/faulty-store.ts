import { StoreRejectedError, StoreUnavailableError } from '../core/errors.js';
import type {
  AcquireOutcome,
  AcquireRequest,
  CallOptions,
  LeaseRecord,
  LeaseStore,
  ReleaseOutcome,
  ReleaseRequest,
  RenewOutcome,
  RenewRequest,
  RevokeRequest,
} from '../core/lease-store.js';
import type { Clock, RandomSource } from '../core/ports.js';
import { systemClock } from '../platform/system-clock.js';
import type { Fault, FaultOdds, FaultyMethod } from './faults.js';
import { drawFault, NO_FAULT } from './faults.js';
import { HintRelay } from './hint-relay.js';

/** One call as it was made. */
export interface FaultyCall {
  readonly method: FaultyMethod;
  /** The key; for `list` the prefix. */
  readonly key: string;
  readonly owner?: string;
  /** When it was made, on the monotonic clock. */
  readonly atMs: number;
  readonly fault: Fault;
}

/** Which way of the link is cut. */
export type CutDirection = 'requests' | 'replies' | 'both';

/**
 * A store behind a bad network. Faults are chosen, in this order, by {@link script}, {@link fail} and {@link disturb};
 * over all of them, {@link cut} swallows what passes. One in front of each replica's share of a store cuts off one.
 *
 * @example
 * const store = new FaultyStore(memoryStore({ clock }), { clock });
 * store.script('acquire', { kind: 'lose-reply' });
 */
export class FaultyStore implements LeaseStore {
  readonly name: string;
  readonly expiry: LeaseStore['expiry'];
  readonly maxTtlMs?: number;
  readonly reservedAttributes?: readonly string[];
  readonly findsSlots?: boolean;
  /** Every call so far, in order. */
  readonly calls: FaultyCall[] = [];
  readonly whenFreed?: LeaseStore['whenFreed'];
  readonly renewMany?: LeaseStore['renewMany'];
  private readonly clock: Clock;
  private readonly hints: HintRelay;
  private readonly scripts = new Map<FaultyMethod, Fault[]>();
  private readonly standing = new Map<FaultyMethod | '*', Fault>();
  private drawn: (() => Fault) | undefined;
  private link: 'whole' | CutDirection = 'whole';

  constructor(
    private readonly inner: LeaseStore,
    options: { clock?: Clock } = {},
  ) {
    this.name = inner.name;
    this.maxTtlMs = inner.maxTtlMs;
    this.reservedAttributes = inner.reservedAttributes;
    this.findsSlots = inner.findsSlots;
    this.expiry = inner.expiry;
    this.clock = options.clock ?? systemClock;
    this.hints = new HintRelay(inner);
    if (inner.whenFreed !== undefined)
      this.whenFreed = (key, onFreed, signal) => this.hints.subscribe(key, onFreed, signal);
    if (inner.renewMany !== undefined)
      this.renewMany = (requests, call) => requests.map(request => this.renew(request, call));
  }

  /** The next calls of `method` meet these faults, one each. */
  script(method: FaultyMethod, ...faults: Fault[]): this {
    this.scripts.set(method, [...(this.scripts.get(method) ?? []), ...faults]);
    return this;
  }

  /** All calls of `method`, or of all methods (`'*'`), meet `fault` until told otherwise; `null` ends it. */
  fail(method: FaultyMethod | '*', fault: Fault | null): this {
    if (fault === null) this.standing.delete(method);
    else this.standing.set(method, fault);
    return this;
  }

  /** Calls meet faults by chance; the same source gives the same ones. `null` ends it. */
  disturb(random: RandomSource | null, odds: FaultOdds = {}): this {
    this.drawn = random === null ? undefined : () => drawFault(odds, random);
    return this;
  }

  /**
   * A black hole: requests, replies, or both vanish from now on, without an error. Replies and hints already on their
   * way vanish too.
   */
  cut(direction: CutDirection = 'both'): this {
    this.link = direction;
    this.hints.setDeaf(direction !== 'requests');
    return this;
  }

  /** Ends {@link cut}. What has vanished stays so; subscribers get a hint, as after a reconnect. */
  heal(): this {
    this.link = 'whole';
    this.hints.setDeaf(false);
    return this;
  }

  /** Hints vanish, and nothing else. */
  loseHints(isLost = true): this {
    this.hints.setLost(isLost);
    return this;
  }

  /** How many calls were made, of one method or of all. */
  count(method?: FaultyMethod): number {
    return method === undefined
      ? this.calls.length
      : this.calls.filter(call => call.method === method).length;
  }

  acquire(request: AcquireRequest, call: CallOptions): Promise<AcquireOutcome> {
    return this.pass('acquire', request, () => this.inner.acquire(request, call));
  }

  renew(request: RenewRequest, call: CallOptions): Promise<RenewOutcome> {
    return this.pass('renew', request, () => this.inner.renew(request, call));
  }

  release(request: ReleaseRequest, call: CallOptions): Promise<ReleaseOutcome> {
    return this.pass('release', request, () => this.inner.release(request, call));
  }

  inspect(key: string, call: CallOptions): Promise<LeaseRecord | null> {
    return this.pass('inspect', { key }, () => this.inner.inspect(key, call));
  }

  async *list(prefix: string, call: CallOptions): AsyncGenerator<LeaseRecord> {
    yield* await this.pass('list', { key: prefix }, async () => this.inner.list(prefix, call));
  }

  revoke(request: RevokeRequest, call: CallOptions): Promise<boolean> {
    return this.pass('revoke', request, () => this.inner.revoke(request, call));
  }

  async open(): Promise<void> {
    await this.inner.open?.();
  }

  async close(): Promise<void> {
    await this.inner.close?.();
  }

  private async pass<T>(
    method: FaultyMethod,
    { key, owner }: { key: string; owner?: string },
    apply: () => Promise<T>,
  ): Promise<T> {
    const fault = this.choose(method);
    this.calls.push({ method, key, owner, atMs: this.clock.monotonicMs(), fault });
    if (fault.kind === 'reject') {
      const { retryable = true } = fault;
      throw new StoreRejectedError(`${method} of '${key}' was refused by a FaultyStore`, { retryable });
    }
    if (this.isCut('requests')) return never();
    if (fault.kind === 'lose-request') return settle(fault.settle, method, key);
    if (fault.kind === 'delay') {
      await this.wait(fault.requestMs);
      if (this.isCut('requests')) return never();
    }
    const reply = await apply();
    if (fault.kind === 'delay') await this.wait(fault.replyMs);
    if (this.isCut('replies')) return never();
    return fault.kind === 'lose-reply' ? settle(fault.settle, method, key) : reply;
  }

  private choose(method: FaultyMethod): Fault {
    return (
      this.scripts.get(method)?.shift() ??
      this.standing.get(method) ??
      this.standing.get('*') ??
      this.drawn?.() ??
      NO_FAULT
    );
  }

  private isCut(direction: 'requests' | 'replies'): boolean {
    return this.link === 'both' || this.link === direction;
  }

  private wait(ms = 0): Promise<void> {
    if (ms === 0) return Promise.resolve();
    return new Promise(resolve => this.clock.startTimer(ms, resolve, { unref: true }));
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

function settle(
  how: 'never' | 'unsent' | 'unanswered' = 'never',
  method: string,
  key: string,
): Promise<never> {
  if (how === 'never') return never();
  const sent = how === 'unanswered';
  const fact = sent ? 'was not answered' : 'was not sent';
  return Promise.reject(
    new StoreUnavailableError(`${method} of '${key}' ${fact}, says a FaultyStore`, { sent }),
  );
}
