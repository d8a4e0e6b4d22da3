import { isDistributedLockError, type LockErrorCode } from '../../lib/core/errors.js';
import type { Lease, ReleaseOptions } from '../../lib/core/lease.js';
import { LeadershipCampaign } from '../../lib/leadership/leadership-campaign.js';
import { nextTurn } from '../../lib/platform/next-turn.js';
import { track, type Replica, type Tracked } from '../engine/world.js';
import { TTL_MS, type CallerAction, type InterleavingPlan, type Work } from './interleaving-plan.js';

/** The key that all of them want. */
export const KEY = 'k';

type ActionOf<D extends CallerAction['do']> = Extract<CallerAction, { do: D }>;

/** Told when a caller has been answered that something is over. */
interface InterleavingEnds {
  released(lease: Lease, sentAtMs: number): void;
  closed(): void;
}

/** One promise that a caller was given. */
interface Call {
  readonly what: string;
  readonly outcome: Tracked<unknown>;
  /** How it may reject, besides by the reason of its signal. */
  readonly codes: readonly LockErrorCode[];
  readonly signal?: AbortSignal;
}

const WORK_ERROR = new Error('the work has failed');
const PATIENT: LockErrorCode[] = ['LOCK_MANAGER_CLOSED', 'LOCK_STORE_REJECTED'];
const LEASE_ENDED: LockErrorCode[] = ['LOCK_LOST', 'LOCK_RELEASED'];

/** All who use one lease: what they do, and what became of each promise that they were given. */
export class InterleavingCallers {
  readonly leadership: LeadershipCampaign;
  /** What went wrong where nobody could throw it. */
  readonly complaints: string[] = [];
  private readonly calls: Call[] = [];
  private readonly leases: Lease[] = [];
  private readonly rivalLeases: Lease[] = [];
  private readonly signals = [new AbortController(), new AbortController()];
  private readonly rivalSignal = new AbortController();
  private readonly releasedAtMs = new Map<Lease, number>();
  private readonly gates = new Set<() => void>();
  private closing: Promise<void> | null = null;
  private isLeaving = false;

  constructor(
    private readonly own: Replica,
    private readonly rival: Replica,
    private readonly hook: InterleavingPlan['hook'],
    /** Told each lease as its taker gets it. */
    private readonly onTaken: (lease: Lease) => void,
    private readonly onEnd: InterleavingEnds,
  ) {
    const onAcquired = (lease: Lease): Promise<void> | void => this.hooked(lease);
    const onLost = (): Promise<void> | void => (hook === 'waits' ? this.gate() : undefined);
    const hooks = { onAcquired, onLost };
    this.leadership = new LeadershipCampaign(own.manager, { key: KEY, ttl: TTL_MS, hooks });
  }

  /** Never throws: a listener may be the one who acts. */
  perform(action: CallerAction): void {
    try {
      this.act(action);
    } catch (error) {
      this.complaints.push(`${action.do} threw ${String(error)}`);
    }
  }

  /** Everybody wants an end: takes no more, keeps nothing, waits at no gate. */
  leave(): void {
    this.isLeaving = true;
    this.rivalSignal.abort();
    this.promise('leadership.stop', this.leadership.stop({ timeoutMs: 10_000 }), []);
  }

  /** Lets go of all that has been taken by now. */
  letGo(): void {
    for (const lease of [...this.leases, ...this.rivalLeases]) this.release(lease);
    this.leases.length = this.rivalLeases.length = 0;
    this.openGates();
    if (this.isPending('lock')) return;
    const { manager } = this.own;
    if ((manager as any).locks.find(KEY) !== undefined) this.act({ do: 'lockRelease' });
  }

  close(): void {
    this.perform({ do: 'close', timeoutMs: 10_000 });
  }

  /** Whether a promise whose description begins with `what` has not settled. */
  isPending(what = ''): boolean {
    return this.calls.some(call => call.outcome.state === 'pending' && call.what.startsWith(what));
  }

  /** What is wrong with what the promises have become; all must have settled. */
  *verdicts(): Generator<string> {
    for (const { what, outcome, codes, signal } of this.calls) {
      const { state, error } = outcome;
      if (state === 'pending') yield `${what} has never settled`;
      if (state !== 'rejected' || error === WORK_ERROR) continue;
      if (signal?.aborted === true && error === signal.reason) continue;
      const isKnown = codes.some(code => isDistributedLockError(error, code));
      if (!isKnown) yield `${what} rejected with ${String(error)}`;
      if (error?.code === 'LOCK_MANAGER_CLOSED' && this.closing === null) yield `${what}: nobody has closed`;
    }
  }

  private act(action: CallerAction): void {
    const { manager, clock } = this.own;
    const lease = this.leases.at(-1);
    switch (action.do) {
      case 'acquire':
        return this.acquire(action);
      case 'abort':
        return this.signals[action.signal]!.abort(new Error(`signal ${action.signal}`));
      case 'renew':
        if (lease === undefined) return;
        return this.promise('renew', lease.renew({ ttl: action.ttl, data: action.data }), [
          ...LEASE_ENDED,
          'LOCK_STORE_UNAVAILABLE',
          'LOCK_STORE_REJECTED',
        ]);
      case 'release':
        return lease && this.release(lease, { data: action.data });
      case 'lock':
      case 'tryLock':
        return this.lock(action);
      case 'lockRelease':
        return this.promise('Lock.release', manager.lock(KEY).release(), []);
      case 'withLock':
        return this.withLock(action);
      case 'openGate':
        return this.openGates();
      case 'start':
        return this.isLeaving ? undefined : this.leadership.start();
      case 'runAsLeader':
        return this.promise(
          'runAsLeader',
          this.leadership.runAsLeader({ waitMs: 500 }, held => this.work(held, action.work)),
          LEASE_ENDED,
        );
      case 'resign':
        return this.promise('resign', this.leadership.resign({ cooldown: action.cooldown }), [
          'LOCK_SELF_DEADLOCK',
        ]);
      case 'stopCampaigns':
        manager.stopCampaigns();
        return this.leadership.endCampaign();
      case 'close':
        this.closing = manager.close({ timeoutMs: action.timeoutMs });
        return this.promise('close', this.closing.then(nextTurn).then(this.onEnd.closed), []);
      case 'block':
        return clock.block(action.ms);
      case 'suspend':
        return clock.suspend(action.ms);
      case 'jumpWall': {
        // Set back in one go with a suspension, a wall clock hides it: no reading could tell.
        const { elapsed } = (manager as any).engine;
        elapsed.now();
        clock.jumpWall(action.ms);
        return void elapsed.now();
      }
      case 'rivalTry':
      case 'rivalWait': {
        const options = { wait: action.do === 'rivalTry' ? 0 : Infinity, signal: this.rivalSignal.signal };
        const wait = this.rival.manager
          .acquire(KEY, options)
          .then(taken => void this.rivalLeases.push(taken));
        return this.promise('rival', wait, ['LOCK_HELD', 'LOCK_STORE_UNAVAILABLE'], options.signal);
      }
      case 'rivalRelease':
        for (const each of this.rivalLeases.splice(0)) this.promise('rival release', each.release(), []);
    }
  }

  private release(lease: Lease, options: ReleaseOptions = {}): void {
    const sentAtMs = this.releasedAtMs.get(lease) ?? this.own.clock.monotonicMs();
    this.releasedAtMs.set(lease, sentAtMs);
    const released = lease.release(options).then(() => this.onEnd.released(lease, sentAtMs));
    this.promise('release', released, []);
  }

  private acquire({ wait, signal: index, data, renewEvery }: ActionOf<'acquire'>): void {
    const signal = this.signals[index ?? Infinity]?.signal;
    const acquired = this.own.manager.acquire(KEY, { wait, signal, data, renewEvery });
    this.promise(
      `acquire (${wait})`,
      acquired.then(lease => this.take(lease)),
      codesOf(wait),
      signal,
    );
  }

  private lock({ do: method, signal: index }: ActionOf<'lock' | 'tryLock'>): void {
    const signal = this.signals[index ?? Infinity]?.signal;
    const taken = this.own.manager
      .lock(KEY)
      [method]({ signal })
      .then(lease => this.onTaken(lease));
    const held: LockErrorCode[] = method === 'tryLock' ? ['LOCK_HELD'] : [];
    this.promise(`lock (${method})`, taken, [...PATIENT, 'LOCK_RELEASED', ...held], signal);
  }

  private withLock({ wait, work, nested, holdAtLeast }: ActionOf<'withLock'>): void {
    const { manager } = this.own;
    const run = manager.withLock(KEY, { wait, holdAtLeast }, async lease => {
      this.onTaken(lease);
      const options = {
        wait: nested === 'wait' ? 1500 : 0,
        ifNested: nested === 'join' ? 'join' : 'throw',
      } as const;
      if (nested !== 'no') await manager.withLock(KEY, options, () => this.work(lease, work));
      await this.work(lease, work);
    });
    const codes = nested === 'no' ? codesOf(wait) : [...codesOf(wait), ...codesOf(0), ...codesOf(1500)];
    this.promise('withLock', run, [...codes, ...LEASE_ENDED, 'LOCK_SELF_DEADLOCK']);
  }

  private async work(lease: Lease, work: Work): Promise<void> {
    if (work === 'releases') await lease.release();
    if (work === 'late') await this.gate();
    if (work === 'throws') throw WORK_ERROR;
    if (work !== 'obedient') return;
    const { signal } = lease;
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      void this.gate().then(resolve);
      if (signal.aborted) reject(signal.reason);
    });
  }

  private async hooked(lease: Lease): Promise<void> {
    this.onTaken(lease);
    if (this.hook === 'throws') throw WORK_ERROR;
    if (this.hook === 'waits') await this.gate();
    if (this.hook === 'resigns') await this.leadership.resign();
  }

  private take(lease: Lease): void {
    this.leases.push(lease);
    this.onTaken(lease);
  }

  private gate(): Promise<void> {
    return this.isLeaving ? Promise.resolve() : new Promise(resolve => this.gates.add(resolve));
  }

  private openGates(): void {
    for (const open of this.gates) open();
    this.gates.clear();
  }

  private promise(
    what: string,
    promise: Promise<unknown>,
    codes: LockErrorCode[],
    signal?: AbortSignal,
  ): void {
    this.calls.push({ what, outcome: track(promise), codes, signal });
  }
}

/** How a wait may end; one without end is served when the store works again. */
function codesOf(wait: number): LockErrorCode[] {
  if (wait === Infinity) return PATIENT;
  return [...PATIENT, 'LOCK_STORE_UNAVAILABLE', wait === 0 ? 'LOCK_HELD' : 'LOCK_TIMEOUT'];
}
