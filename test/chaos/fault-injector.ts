import { sleep } from '../support/fixtures.js';
import type { ChaosStore, FaultyLink } from './chaos-store.js';
import type { FaultKind, LinkFault, PlannedFault, ProcessFault, StoreFault } from './fault-plan.js';
import type { FenceClient } from './fence-client.js';
import type { Fleet, Slot } from './fleet.js';
import { monotonicMs } from './journal.js';
import type { Span } from './overlaps.js';

/** A fault as it was done. */
export interface DoneFault extends Span {
  readonly kind: FaultKind;
  /** Which worker; `undefined` for the store. */
  readonly slot?: number;
}

const PROCESS: readonly FaultKind[] = ['kill', 'stop', 'block'] satisfies ProcessFault[];
const DELAY_MS = [50, 400] as const;
/** Within the deadline of a command. */
const LATE_MS = 150;

/** Does the faults of a plan. One fault at a time has a worker's process, one its link, one the store. */
export class FaultInjector {
  readonly done: DoneFault[] = [];
  /** Found everything busy. */
  skipped = 0;
  private storeFaults: Promise<void> = Promise.resolve();
  private readonly failures: unknown[] = [];
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly fleet: Fleet,
    private readonly store: ChaosStore,
    private readonly fence: FenceClient,
  ) {}

  /** Does all of it, in time; resolves when the last fault is over. Rejects when one could not be done. */
  async run(plan: readonly PlannedFault[]): Promise<void> {
    const start = monotonicMs();
    for (const fault of plan) {
      await sleep(start + fault.at - monotonicMs());
      const doing = this.inject(fault)
        .catch((error: unknown) => void this.failures.push(error))
        .finally(() => this.running.delete(doing));
      this.running.add(doing);
      if (this.failures.length > 0) break;
    }
    await Promise.all(this.running);
    if (this.failures.length > 0) throw this.failures[0];
  }

  private async inject(fault: PlannedFault): Promise<void> {
    if (fault.kind.startsWith('store-')) {
      this.storeFaults = this.storeFaults.then(() => this.timed(fault, () => this.harmStore(fault)));
      return this.storeFaults;
    }
    const field = PROCESS.includes(fault.kind) ? 'isProcessBusy' : 'isLinkBusy';
    const first = await this.firstChoice(fault);
    const { slots } = this.fleet;
    const index = slots.map((_, i) => (first + i) % slots.length).find(i => !slots[i]![field]);
    if (index === undefined) {
      this.skipped++;
      return;
    }
    const slot = slots[index]!;
    slot[field] = true;
    const harm = field === 'isProcessBusy' ? this.harmProcess : this.harmLink;
    await this.timed(fault, () => harm(slot, fault), index);
    slot[field] = false;
  }

  private async firstChoice({ slot, lastUserOf }: PlannedFault): Promise<number> {
    const lease = lastUserOf === undefined ? undefined : (await this.fence.last(lastUserOf)).lease;
    return lease === undefined ? slot : parseInt(lease, 10);
  }

  private async timed({ kind }: PlannedFault, harm: () => Promise<void>, slot?: number): Promise<void> {
    const from = monotonicMs();
    await harm();
    this.done.push({ kind, from, to: monotonicMs(), ...(slot !== undefined && { slot }) });
  }

  private readonly harmProcess = async (slot: Slot, { kind, durationMs }: PlannedFault): Promise<void> => {
    switch (kind as ProcessFault) {
      case 'kill':
        return slot.replace();
      case 'stop':
        slot.signal('SIGSTOP');
        await sleep(durationMs);
        return slot.signal('SIGCONT');
      case 'block':
        slot.order({ order: 'block', ms: durationMs });
        return sleep(durationMs);
    }
  };

  private readonly harmLink = async ({ link }: Slot, fault: PlannedFault): Promise<void> => {
    const { kind, durationMs, heal } = fault;
    switch (kind as LinkFault) {
      case 'reset':
        return link.proxy.reset();
      case 'drop-reply':
        return link.dropReply();
      case 'late-replies':
        await this.delayReplies(link, fault);
        break;
      case 'delay':
        link.delay(DELAY_MS[0] + ((durationMs * 7) % (DELAY_MS[1] - DELAY_MS[0])));
        await sleep(durationMs);
        return link.endDelay();
      case 'black-hole':
        link.proxy.blackHole('both');
        break;
      case 'black-hole-to-server':
        link.proxy.blackHole('to-server');
        break;
      case 'black-hole-to-client':
        link.proxy.blackHole('to-client');
        break;
    }
    await sleep(durationMs);
    link.proxy.heal(heal);
  };

  /** Replies are late by up to `LATE_MS` for some renewals; right after one has come, nothing comes any more. */
  private async delayReplies(link: FaultyLink, { durationMs }: PlannedFault): Promise<void> {
    const until = monotonicMs() + durationMs / 2;
    while (monotonicMs() < until) {
      link.proxy.blackHole('to-client');
      await sleep(LATE_MS);
      link.proxy.heal('deliver');
      await sleep(1);
    }
    link.proxy.blackHole('both');
  }

  private async harmStore({ kind, durationMs }: PlannedFault): Promise<void> {
    const { store } = this;
    switch (kind as StoreFault) {
      case 'store-stop':
        await store.pause();
        await sleep(durationMs);
        return store.resume();
      case 'store-restart':
        return store.restart({ downMs: durationMs, keepsData: true });
      case 'store-restart-empty':
        return store.restart({ downMs: durationMs, keepsData: false });
      case 'store-wipe':
        return store.wipe();
    }
  }
}
