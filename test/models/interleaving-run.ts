import type fc from 'fast-check';
import type { LeaseRecord, LeaseStore } from '../../lib/core/lease-store.js';
import type { Lease } from '../../lib/core/lease.js';
import { nextTurn } from '../../lib/platform/next-turn.js';
import type { LeaseRow } from '../../lib/stores/memory/lease-row.js';
import { leftovers, World, type EventName, type Replica } from '../engine/world.js';
import { ObservedStore, ObservedTable } from '../testing/observed-store.js';
import { InterleavingCallers, KEY } from './interleaving-callers.js';
import { TTL_MS, type InterleavingPlan, type Reaction, type Turn } from './interleaving-plan.js';
import { InterleavingStore } from './interleaving-store.js';
import { InterleavingWitness } from './interleaving-witness.js';

/** After which everybody has been served: enough for a few keys that are kept, one after the other. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 250;
/** Less what rounding takes from it. */
const COMMAND_TIMEOUT_MS = TTL_MS / 5 - 0.01;

/** At which what the leases say is read, and each of which comes often. */
export const EVENTS = 'acquired renewed renewal-failed expiring lost released waiting'.split(
  ' ',
) as EventName[];

/**
 * Plays one schedule to its end: the plan's turns and the store's steps in the order that the scheduler chooses, then a
 * store that works again, then a closed manager.
 * @returns the names of the events that its manager told
 * @throws Error with everything that is wrong
 */
export async function runInterleaving(
  steps: fc.Scheduler,
  plan: InterleavingPlan,
  kind: LeaseStore['expiry'],
): Promise<EventName[]> {
  let told: EventName[];
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  try {
    told = await new Interleaving(steps, plan, kind).run();
    await nextTurn();
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
  if (unhandled.length > 0) throw new Error(`unhandled: ${unhandled.map(String).join('; ')}`);
  return told;
}

/** One schedule while it is played. */
class Interleaving {
  private readonly world = new World();
  private readonly table = new ObservedTable();
  private readonly witness = new InterleavingWitness();
  private readonly own: Replica;
  private readonly rival: Replica;
  private readonly callers: InterleavingCallers;
  /** Those that have not happened. */
  private readonly reactions: Set<Reaction>;
  private store!: InterleavingStore;

  constructor(
    private readonly steps: fc.Scheduler,
    private readonly plan: InterleavingPlan,
    private readonly kind: LeaseStore['expiry'],
  ) {
    this.world.reset();
    this.own = this.replica(inner => (this.store = new InterleavingStore(inner, steps)));
    this.rival = this.replica(inner => inner);
    this.reactions = new Set(plan.reactions);
    this.callers = new InterleavingCallers(this.own, this.rival, plan.hook, lease => this.listenTo(lease), {
      released: (lease, sentAtMs) => this.checkReleased(lease, sentAtMs),
      closed: () => this.checkClosed(),
    });
    for (const reaction of plan.reactions) {
      if (reaction.on !== 'signal' && reaction.on !== 'onExpiring')
        this.own.manager.on(reaction.on, () => this.react(reaction));
    }
  }

  async run(): Promise<EventName[]> {
    this.begin();
    await this.takeSteps();
    this.store.disturb(this.plan.faults);
    for (const turn of this.plan.turns) await this.takeTurn(turn);
    await this.takeSteps();
    this.look();
    this.store.heal();
    this.callers.leave();
    await this.waitWhile(() => this.isBusy, 'though the store works again');
    this.checkFreed();
    this.callers.close();
    await this.waitWhile(() => this.isBusy, 'though the manager is closed');
    this.conclude(...this.callers.verdicts());
    await this.checkRival();
    this.conclude(...this.witness.verdicts(this.own), ...this.witness.verdicts(this.rival));
    return this.own.events.map(({ name }) => name);
  }

  private replica(wrap: (inner: LeaseStore) => LeaseStore): Replica {
    const replica = this.world.replica({
      ttl: TTL_MS,
      wrap: (link, clock) => wrap(this.kind === 'server' ? link : new ObservedStore(this.table, clock)),
    });
    this.witness.follow(replica, KEY);
    if (this.plan.isWatched) for (const name of EVENTS) replica.manager.on(name, () => this.look());
    return replica;
  }

  private begin(): void {
    const { begin } = this.plan;
    if (begin === 'acquire') this.callers.perform({ do: begin, wait: Infinity, signal: null });
    else if (begin === 'lock') this.callers.perform({ do: begin, signal: null });
    else if (begin === 'start') this.callers.perform({ do: begin });
  }

  private listenTo(lease: Lease): void {
    for (const reaction of this.reactions) {
      const react = (): void => this.react(reaction);
      if (reaction.on === 'signal') lease.signal.addEventListener('abort', react, { once: true });
      if (reaction.on === 'onExpiring') lease.onExpiring(react);
    }
  }

  private react(reaction: Reaction): void {
    if (this.reactions.delete(reaction)) this.callers.perform(reaction.then);
  }

  /** A turn is a step among those of the store; time that passes is several, unless it passes in one go. */
  private async takeTurn(turn: Turn): Promise<void> {
    if ('actions' in turn)
      return this.takeStep(turn, () => turn.actions.forEach(each => this.callers.perform(each)));
    for (let leftMs = turn.advanceMs; leftMs > 0; leftMs -= this.plan.paceMs) {
      const advanceMs = Math.min(leftMs, this.plan.paceMs);
      await this.takeStep({ advanceMs }, async () => {
        await this.world.advance(advanceMs);
        this.look();
      });
    }
  }

  private async takeStep(turn: Turn, builder: () => Promise<void> | void): Promise<void> {
    if (this.plan.isPrompt) await this.takeSteps();
    const step = this.steps.scheduleSequence([{ label: describe(turn), builder: async () => builder() }]);
    await this.takeSteps(step);
    if (step.faulty) throw new Error(`${describe(turn)} has failed`);
  }

  /** Takes steps until there are none, or `last` is taken. */
  private async takeSteps(last?: { readonly done: boolean }): Promise<void> {
    for (;;) {
      if (!this.plan.isTight || this.steps.count() === 0) await nextTurn();
      if (this.steps.count() === 0 || last?.done === true) return;
      await this.steps.waitOne();
      if (this.plan.isWatched) this.look();
      this.conclude();
    }
  }

  private get isBusy(): boolean {
    this.callers.letGo();
    return this.callers.isPending() || differences(this.own).length > 0;
  }

  private async waitWhile(isBusy: () => boolean, though: string): Promise<void> {
    for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_EVERY_MS) {
      await this.takeSteps();
      await this.world.settle();
      if (!isBusy()) return;
      await this.world.advance(LOOK_EVERY_MS);
      this.look();
      this.conclude();
    }
    this.conclude(...this.callers.verdicts(), ...differences(this.own), `no end in sight ${though}`);
  }

  /** A release that resolves before the store's deadline has been answered, and what was granted once is free. */
  private checkReleased({ owner }: Lease, sentAtMs: number): void {
    const isLate = this.own.clock.monotonicMs() - sentAtMs >= COMMAND_TIMEOUT_MS;
    if (isLate || this.store.hasFailed || this.own.manager.isClosing || this.record?.owner !== owner) return;
    const isOnlyGrant =
      this.store.calls.filter(({ method, request }) => method === 'acquire' && request.owner === owner)
        .length < 2;
    if (isOnlyGrant)
      this.callers.complaints.push(`the release of ${owner} has resolved, and the store has it`);
  }

  /** A manager that has closed does nothing any more. */
  private checkClosed(): void {
    // A `Lock` that is asked for later is entered, though it is never held.
    const left = differences(this.own).filter(each => !each.endsWith('locks'));
    this.callers.complaints.push(...left.map(each => `${each} after close`));
  }

  /** A release that was answered has freed the key at once; only a lost lease may be kept for its TTL. */
  private checkFreed(): void {
    const isKept = this.plan.turns.some(turn => describe(turn).includes('"holdAtLeast":1'));
    const owner = this.record?.owner;
    if (owner === undefined || isKept || this.store.hasFailed || this.own.manager.isClosing) return;
    if (!this.witness.hasLost(owner)) this.conclude(`${owner} still has the key at the store`);
  }

  /** The key is free for others in the end, and the closed manager has left nothing that runs. */
  private async checkRival(): Promise<void> {
    const { own, rival, world } = this;
    if (own.clock.armedTimers > 0) this.conclude(`${own.clock.armedTimers} timers are armed`);
    const lease = await world.until(rival.manager.acquire(KEY, { wait: 10_000 }));
    await lease.release();
    await world.until(rival.manager.close());
    await world.settle();
    this.conclude(...differences(own), ...differences(rival));
  }

  /** What the store keeps, behind the network. */
  private get record(): LeaseRecord | null {
    if (this.kind === 'observed') return this.table.rows.get(KEY)?.row.toRecord(0) ?? null;
    const row: LeaseRow | undefined = (this.world.store as any).rows.get(KEY);
    const nowMs = this.world.clock.monotonicMs();
    row?.advance(nowMs);
    return row?.toRecord(nowMs) ?? null;
  }

  private look(): void {
    this.witness.look();
    this.witness.compare(this.record);
  }

  /** @throws Error naming what is wrong by now, if anything is */
  private conclude(...complaints: string[]): void {
    const all = [this.callers, this.witness, this.store].flatMap(each => each.complaints);
    all.push(...complaints);
    if (all.length > 0) throw new Error([...new Set(all)].join('\n'));
  }
}

/** What a manager keeps in its books though nobody wants anything of it. */
function differences({ manager }: Replica): string[] {
  return Object.entries(leftovers(manager)).flatMap(([name, count]) => (count > 0 ? `${count} ${name}` : []));
}

function describe(turn: Turn): string {
  return JSON.stringify(turn);
}
