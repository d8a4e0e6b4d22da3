/**
 * A run of the simulation. Reading order: plan.ts and faults.ts (what a seed draws), this file (what a run is), replica.ts and
 * workload.ts (a process, and what it does), network.ts and fault-injector.ts (what goes wrong), promises.ts (what is
 * checked, and where), oracle.ts.
 */
import { nextTurn } from '../../lib/platform/next-turn.js';
import type { NumberedSlots } from '../../lib/engine/pools/pool-options.js';
import { VirtualClock } from '../../lib/testing/index.js';
import { VirtualTime } from '../../lib/testing/virtual-time.js';
import { leftovers } from '../support/leftovers.js';
import type { Backend } from './backend.js';
import { DynamoDbBackend } from './dynamodb-backend.js';
import { FaultInjector, type ReplicaFleet } from './fault-injector.js';
import { FencedResource } from './fenced-resource.js';
import { MemoryBackend } from './memory-backend.js';
import { Oracle, type SeenGrant, type Violation } from './oracle.js';
import { ownKeysOf, type Plan } from './plan.js';
import { slotKeysOf } from './pool-plan.js';
import { quickTurns } from './quick-turn.js';
import { Recorder } from './recorder.js';
import { RedisBackend } from './redis-backend.js';
import { Replica, type World } from './replica.js';
import { Workload } from './workload.js';

/** What came of a run. */
export interface RunResult {
  readonly seed: number;
  /** Of all that happened: the same seed gives the same. */
  readonly fingerprint: string;
  readonly violations: readonly Violation[];
  /** How much the run has tried. */
  readonly counts: Readonly<Record<string, number>>;
  /** What happened, line by line, where it was asked for. */
  readonly timeline: readonly string[];
}

/** Runs a plan: the production code of all clients, on virtual time, over links and servers that fail as planned. */
export async function simulate(plan: Plan, options: { timeline?: boolean } = {}): Promise<RunResult> {
  const run = new Run(plan, options.timeline === true);
  const onUnhandled = (reason: unknown): void =>
    run.oracle.violated('no rejection is unhandled', String(reason));
  process.on('unhandledRejection', onUnhandled);
  try {
    // As of virtual time, when the code under test starts a timer anew for ever
    await run.toEnd().catch((error: unknown) => run.oracle.violated('a run ends', String(error)));
    // What was rejected in the last instant and is not handled is reported in the next turn
    await nextTurn();
    return run.result();
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
}

/** One run: clients, a server, and time. */
class Run implements World, ReplicaFleet {
  readonly time = new VirtualClock({}, new VirtualTime(quickTurns()));
  readonly recorder: Recorder;
  readonly backend: Backend;
  readonly oracle: Oracle;
  private readonly resource: FencedResource;
  private readonly faults: FaultInjector;
  private readonly places: (Replica | undefined)[] = [];
  private readonly workloads = new Map<Replica, Workload>();
  private readonly closing: Promise<void>[] = [];
  /** When processes crashed, by what the ids of their owners start with. */
  private readonly crashes = new Map<string, number>();
  private started = 0;

  constructor(
    readonly plan: Plan,
    keepsTimeline: boolean,
  ) {
    const nowMs = (): number => this.time.monotonicMs();
    this.recorder = new Recorder(nowMs, keepsTimeline);
    this.backend = backendOf(plan, this.time.sibling({ driftRate: plan.serverDrift }));
    this.oracle = new Oracle(nowMs, key => this.backend.holding(key), this.recorder);
    this.resource = new FencedResource(this.oracle);
    plan.clientDrifts.forEach((_, place) => this.start(place));
    this.faults = new FaultInjector(this, this);
  }

  get replicas(): readonly Replica[] {
    return this.places.filter(replica => replica !== undefined);
  }

  at(place: number): Replica | undefined {
    return this.places[place];
  }

  start(place: number): void {
    if (this.places[place] !== undefined) return;
    const replica = new Replica(place, `c${place}.${this.started++}`, this);
    this.places[place] = replica;
    this.workloads.set(replica, new Workload(replica, this, this.resource));
  }

  crash(place: number): void {
    const replica = this.places[place];
    if (replica === undefined) return;
    replica.crash();
    this.workloads.delete(replica);
    this.crashes.set(`${this.plan.seed}-${replica.name}`, this.time.monotonicMs());
    this.places[place] = undefined;
  }

  shutDown(place: number): void {
    const replica = this.places[place]!;
    this.places[place] = undefined;
    this.closing.push(this.close(replica));
  }

  quietForMs(place: number): number {
    return this.faults.troubles.quietForMs(place);
  }

  isLongDead({ owner }: SeenGrant): boolean {
    const crashedMs = this.crashes.get(owner.replace(/-[^-]*$/, ''));
    return crashedMs !== undefined && this.time.monotonicMs() - crashedMs > 2 * this.plan.maxTtlMs;
  }

  async toEnd(): Promise<void> {
    const { plan, time } = this;
    await time.advance(plan.durationMs);
    this.recorder.tell('world', 'heals');
    this.faults.healAll();
    for (const workload of this.workloads.values()) workload.stopAndRelease();
    await this.everybodyIsServed();
    for (const place of this.places.keys()) if (this.places[place] !== undefined) this.shutDown(place);
    await time.until(Promise.all(this.closing), 10 * this.boundMs);
  }

  result(): RunResult {
    const { oracle, resource, faults, recorder, plan } = this;
    return {
      seed: plan.seed,
      fingerprint: recorder.fingerprint(),
      violations: oracle.violations,
      counts: {
        grants: oracle.grantCount,
        accepted: resource.counts.accepted,
        rejected: resource.counts.rejected,
        faults: faults.injected,
      },
      timeline: recorder.lines,
    };
  }

  /** By when a key must be free whose holder has died just before everything healed, and one more that came late. */
  private get boundMs(): number {
    return 4 * this.plan.maxTtlMs + 5000;
  }

  private async everybodyIsServed(): Promise<void> {
    const { plan, oracle, time } = this;
    for (const key of ownKeysOf(plan)) {
      for (const replica of this.replicas) {
        const served = replica.track(replica.manager.withLock(key, { wait: this.boundMs }, () => {}));
        await time
          .until(served, 2 * this.boundMs)
          .catch((error: unknown) =>
            oracle.violated('everybody is served', `${replica.name}: ${key}: ${String(error)}`),
          );
      }
    }
    await this.everybodyHasSlots();
    await this.slotsAreShared();
    if (!plan.hasLeadership) return;
    for (let waitedMs = 0; !this.replicas.some(({ leadership }) => leadership!.isLeader); waitedMs += 100) {
      if (waitedMs > this.boundMs) return oracle.violated('everybody is served', 'nobody leads');
      await time.advance(100);
    }
  }

  private async everybodyHasSlots(): Promise<void> {
    const { plan, oracle, time } = this;
    for (const { name, options } of plan.pools) {
      for (const replica of this.replicas) {
        const pool = replica.manager.pool(name, options as NumberedSlots);
        const served = replica.track(pool.withSlot({ wait: this.boundMs }, () => {}));
        await time
          .until(served, 2 * this.boundMs)
          .catch((error: unknown) =>
            oracle.violated('everybody is served', `${replica.name}: pool ${name}: ${String(error)}`),
          );
      }
    }
  }

  /** All slots are held, and nobody has two more than another. */
  private async slotsAreShared(): Promise<void> {
    const { shared } = this.plan;
    if (shared === null) return;
    const slots = slotKeysOf(shared).length;
    for (let waitedMs = 0; ; waitedMs += 100) {
      const sizes = this.replicas.map(replica => replica.shared!.size);
      const held = sizes.reduce((sum, size) => sum + size, 0);
      if (held === slots && Math.max(...sizes) - Math.min(...sizes) <= 1) return;
      if (waitedMs > 2 * this.boundMs)
        return this.oracle.violated('a balance shares out', `of ${slots} slots: ${sizes.join(', ')}`);
      await this.time.advance(100);
    }
  }

  private async close(replica: Replica): Promise<void> {
    this.workloads.get(replica)!.stop();
    await replica.close();
    // What was waited for hears of the end, and callers of that
    await new Promise<void>(resolve => void replica.machine.startTimer(0, resolve));
    const { oracle } = this;
    const left = {
      ...leftovers(replica.manager),
      timers: replica.clock.armed,
      promises: replica.unsettled,
      subscriptions: replica.subscriptions,
    };
    for (const [what, count] of Object.entries(left)) {
      if (count !== 0)
        oracle.violated('nothing is left behind', `${replica.name}: ${count} ${what} after close`);
    }
    for (const claim of oracle.claimsOf(replica))
      oracle.violated('one end per lease', `${replica.name}: ${claim.grant.owner} has not ended`);
  }
}

function backendOf(plan: Plan, clock: VirtualClock): Backend {
  switch (plan.store) {
    case 'memory':
      return new MemoryBackend(clock);
    case 'dynamodb':
      return new DynamoDbBackend(plan);
    case 'redis':
      return new RedisBackend(clock, plan);
  }
}
