import type { LeaseEvent, LockEvents } from '../../lib/core/events.js';
import type { Lease } from '../../lib/core/lease.js';
import type { LeaseValidity } from '../../lib/core/lease-validity.js';
import { slotKey } from '../../lib/core/slot-keys.js';
import type { HeldLease } from '../../lib/engine/held-lease.js';
import type { LeaseServices } from '../../lib/engine/lease-services.js';
import type { LeaseStore } from '../../lib/core/lease-store.js';
import { SyncManager } from '../../lib/engine/sync-manager.js';
import { LeadershipCampaign } from '../../lib/leadership/leadership-campaign.js';
import { createSeededRandom, type VirtualClock } from '../../lib/testing/index.js';
import type { Backend } from './backend.js';
import { Dice } from './dice.js';
import { SimulatedLink } from './network.js';
import type { Claimant, Oracle, SeenGrant } from './oracle.js';
import type { Plan } from './plan.js';
import { keysBehind } from './pool-plan.js';
import { SharedPool } from './shared-pool.js';
import type { Recorder } from './recorder.js';
import { ReplicaClock } from './replica-clock.js';

/** What all clients of a run share. */
export interface World {
  readonly plan: Plan;
  /** For how long nothing has been wrong with a client, its link and the server. */
  quietForMs(place: number): number;
  /** Whether whoever was granted this is gone for so long that nothing of it can be on its way. */
  isLongDead(grant: SeenGrant): boolean;
  /** True time. */
  readonly time: VirtualClock;
  readonly backend: Backend;
  readonly oracle: Oracle;
  readonly recorder: Recorder;
}

/** What a manager knows of a key, or of a pool. */
interface Room {
  readonly key: string;
  readonly held: readonly HeldLease[];
  readonly waiters: ReadonlySet<unknown>;
}

/** How long a lease would have lasted that has just been released. */
function timeLeftMs(lease: Lease): number {
  const { renewal, services } = lease as unknown as {
    renewal: { validity: LeaseValidity };
    services: LeaseServices;
  };
  return renewal.validity.validUntil - services.elapsed.now();
}

const TOLD = ['renewed', 'renewal-failed', 'expiring'] as const;

/** One process: its clock, its way to the server, and the production code on them. */
export class Replica implements Claimant {
  readonly machine: VirtualClock;
  readonly clock: ReplicaClock;
  readonly link: SimulatedLink;
  readonly manager: SyncManager;
  readonly leadership: LeadershipCampaign | null;
  readonly shared: SharedPool | null;
  private readonly pending = new Set<Promise<unknown>>();
  private readonly hintSignals = new Set<AbortSignal>();
  private working = 0;
  private state: 'running' | 'paused' | 'crashed' = 'running';
  private pauses = 0;
  private resume: (() => void) | null = null;
  private hasSlept = false;
  private hookRuns = 0;
  private isClosing = false;

  private readonly startedMs: number;

  constructor(
    readonly place: number,
    readonly name: string,
    private readonly world: World,
  ) {
    const { plan, time, backend, recorder } = world;
    const drift = plan.clientDrifts[place]!;
    this.startedMs = time.monotonicMs();
    const name_ = `${plan.seed}-${name}`;
    this.machine = time.sibling({
      driftRate: drift,
      wallMs: time.wallMs() + new Dice(`wall-${name_}`).between(-1e6, 1e6),
    });
    this.clock = new ReplicaClock(this.machine, new Dice(`loop-${name_}`), plan.loopDelayMs);
    this.link = new SimulatedLink({
      who: name,
      dice: new Dice(`link-${name_}`),
      time,
      clock: this.machine,
      delayMs: plan.delayMs,
      recorder,
      onApplied: ({ key, keys = [key] }) => keys.forEach(each => this.observe(each)),
      refusal: () => backend.refusal(),
      brokenOff: () => backend.brokenOff(),
    });
    const random = createSeededRandom(name_);
    const store = this.watched(backend.connect({ link: this.link, clock: this.clock, random }));
    this.manager = new SyncManager(
      { store, ttl: plan.ttlMs, driftRate: plan.driftRate, pollEvery: plan.pollEveryMs },
      { clock: this.clock, random },
    );
    this.listen();
    this.leadership = plan.hasLeadership ? this.campaign() : null;
    this.leadership?.start();
    this.shared = plan.shared === null ? null : new SharedPool(this, world, plan.shared);
  }

  get isCrashed(): boolean {
    return this.state === 'crashed';
  }

  get isPaused(): boolean {
    return this.state === 'paused';
  }

  get quietForMs(): number {
    const { world } = this;
    return Math.min(world.quietForMs(this.place), world.time.monotonicMs() - this.startedMs);
  }

  /** A command that nobody answers, the pause after it, and on Redis an attempt to connect that nobody answers. */
  get recoversInMs(): number {
    const { ttlMs, store } = this.world.plan;
    return ttlMs / 2 + (store === 'redis' ? 7000 : 0);
  }

  get isRunning(): boolean {
    return this.state === 'running';
  }

  /** Keeps note of a promise until it settles; what it rejects with is for who gave it. */
  track<T>(promise: Promise<T>): Promise<T> {
    this.pending.add(promise);
    const settled = (): void => void this.pending.delete(promise);
    promise.then(settled, settled);
    return promise;
  }

  /** Runs work that a promise of the manager's waits for. */
  async atWork(work: () => Promise<void>): Promise<void> {
    this.working++;
    await work();
    this.working--;
  }

  /** Promises of the manager's that wait for something else than work that goes on after a loss. */
  get unsettled(): number {
    return this.pending.size - this.working;
  }

  /** Subscriptions to hints that nobody has ended. */
  get subscriptions(): number {
    return [...this.hintSignals].filter(signal => !signal.aborted).length;
  }

  /** The process is gone, and with it all that it waited for. */
  crash(): void {
    if (this.isCrashed) return;
    if (this.state === 'running') this.machine.pause('stalled');
    this.state = 'crashed';
    this.tell('crashes');
  }

  /** The process stops, or its machine sleeps. Pauses may overlap; it goes on when the last is over. @returns what ends this one */
  pause(kind: 'stalled' | 'suspended'): () => void {
    if (this.isCrashed) return () => {};
    this.tell(kind);
    this.pauses++;
    if (this.state === 'running') {
      this.state = 'paused';
      this.resume = this.machine.pause(kind);
      this.hasSlept = kind === 'suspended';
    }
    return () => this.endPause();
  }

  /** Ends everything, as a process does that shuts down. */
  async close(): Promise<void> {
    this.tell('closes');
    this.isClosing = true;
    await this.leadership?.stop({ timeoutMs: 1000 });
    await this.manager.close({ timeoutMs: 2 * this.world.plan.ttlMs });
  }

  /** Whether somebody in this process waits for the key, or for a slot of the pool of that key: those who come later have to wait behind, held or not. */
  isAwaited(key: string): boolean {
    return this.rooms.some(room => room.key === key && room.waiters.size > 0);
  }

  tell(what: string): void {
    this.world.recorder.tell(this.name, what);
  }

  private endPause(): void {
    if (--this.pauses > 0 || this.state !== 'paused') return;
    this.state = 'running';
    this.tell('goes on');
    this.resume!();
    this.expectOneLeader();
    this.world.oracle.resumed(this, this.hasSlept);
  }

  /** The first that a process asks after a pause is whether it leads. */
  private expectOneLeader(): void {
    const { oracle } = this.world;
    const lease = this.leadership?.lease ?? null;
    if (lease === null) return;
    const [own, last] = [oracle.grantOf(lease), oracle.lastGrant(lease.key)];
    if (own !== last && own?.isExempt === false)
      oracle.violated('one leader', `${this.name} leads after a pause, though ${last?.owner} was granted`);
  }

  /** A grant that was heard of and that nobody took is given back. */
  private watched(store: LeaseStore): LeaseStore {
    const { oracle, time, plan } = this.world;
    const acquire: LeaseStore['acquire'] = async (request, call) => {
      const outcome = await store.acquire(request, call);
      if (outcome.kind === 'granted') {
        const { slot } = outcome;
        const key = slot === undefined ? request.key : slotKey(request.key, slot);
        const grant = oracle.grantOf({ ...request, ...outcome, key });
        const checkMs = plan.ttlMs * 0.4;
        const check = (): void => {
          // What is revoked ends at its expiry, also where its owner has not heard of the grant.
          if (
            grant === undefined ||
            grant.isRevoked ||
            this.isClosing ||
            !this.isRunning ||
            this.quietForMs < checkMs
          )
            return;
          if (!oracle.beliefIn(grant).ever && oracle.stands(grant))
            oracle.violated(
              'what nobody waits for is released',
              `${this.name}: ${grant.owner} still holds ${grant.key}`,
            );
        };
        time.startTimer(checkMs, check);
      }
      return outcome;
    };
    const whenFreed: LeaseStore['whenFreed'] = (key, onFreed, signal) => {
      this.hintSignals.add(signal);
      store.whenFreed!(key, onFreed, signal);
    };
    return Object.assign(Object.create(store) as LeaseStore, {
      acquire,
      ...(store.whenFreed && { whenFreed }),
    });
  }

  /** A release that fails is tried again while the lease would have lasted, so that the key is free soon after trouble is over. */
  private expectFreed(event: LeaseEvent): void {
    const { oracle, time, plan } = this.world;
    const [grant, lease] = [oracle.grantOf(event), this.leaseOf(event)];
    if (grant === undefined || lease === undefined) return;
    // A command that nobody answers and the pause after it; on Redis a connection anew.
    const soonMs = 1100 + plan.ttlMs * 0.25 + (plan.store === 'redis' ? 7000 : 0);
    const look = (): void => {
      if (!oracle.stands(grant) || grant.isExempt || this.isClosing || !this.isRunning) return;
      if (time.monotonicMs() > untilMs) return;
      if (this.quietForMs > soonMs)
        oracle.violated('what nobody waits for is released', `${this.name}: ${grant.owner} was released`);
      else time.startTimer(soonMs / 4, look);
    };
    let untilMs = Infinity;
    // Not before the work under it has ended; it may be lost until then.
    void lease.whenOver().then(() => {
      if (lease.loss !== undefined) return;
      untilMs = time.monotonicMs() + timeLeftMs(lease);
      time.startTimer(soonMs / 4, look);
    });
  }

  private listen(): void {
    const { manager, world } = this;
    const { oracle } = world;
    manager.on('acquired', event => {
      this.tell(`acquired ${event.key} ${event.owner} ${event.fencingToken}`);
      oracle.claimed(this, event, this.leaseOf(event)!);
    });
    for (const name of TOLD) {
      manager.on(name, (event: LockEvents[typeof name]) => {
        this.tell(`${name} ${event.key} ${event.owner}`);
        oracle.mentioned(this, event, name);
      });
    }
    manager.on('lost', event => {
      this.tell(`lost ${event.key} ${event.owner} ${event.cause}`);
      oracle.concluded(this, event, event.cause);
    });
    manager.on('released', event => {
      this.tell(`released ${event.key} ${event.owner}`);
      this.expectFreed(event);
      oracle.concluded(this, event, 'released');
    });
    manager.on('listener-error', ({ event, error }) =>
      oracle.violated('listeners do not throw', `${event}: ${String(error)}`),
    );
  }

  /** Whatever it is a lease of, a key or a pool. */
  private leaseOf({ key, owner }: LeaseEvent): HeldLease | undefined {
    return this.rooms.flatMap(({ held }) => held).find(lease => lease.key === key && lease.owner === owner);
  }

  private get rooms(): readonly Room[] {
    return (this.manager as unknown as { engine: { rooms: readonly Room[] } }).engine.rooms;
  }

  private observe(key: string | undefined): void {
    const { plan, oracle } = this.world;
    if (key !== undefined) for (const each of keysBehind(plan, key)) oracle.observe(each);
  }

  private campaign(): LeadershipCampaign {
    const { plan, oracle } = this.world;
    const hook = (isLeader: boolean) => {
      this.tell(isLeader ? 'leads' : 'leads no more');
      this.hookRuns += isLeader ? 1 : -1;
      if (this.hookRuns !== (isLeader ? 1 : 0))
        oracle.violated('hooks take turns', `${this.name}: ${this.hookRuns} terms at once`);
    };
    return new LeadershipCampaign(this.manager, {
      service: 's',
      ttl: plan.ttlMs,
      hooks: { onAcquired: () => hook(true), onLost: () => hook(false) },
    });
  }
}
