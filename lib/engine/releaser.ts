import type { EventHub } from '../core/events.js';
import type { ReleaseOutcome, ReleaseRequest } from '../core/lease-store.js';
import { pollDelayMs, type ElapsedTime } from '../core/lease-timing.js';
import type { Clock, RandomSource } from '../core/ports.js';
import { detached } from './lease-context.js';
import { unknownKind, type StoreGateway } from './store-gateway.js';
import { Wakeup } from './wakeup.js';
import { WorkTracker } from './work-tracker.js';

/** Until when, and how patiently, a release is tried. */
export interface ReleasePatience {
  /** When it was asked for, on the holder's clock. */
  readonly startedAt: number;
  /** The lease ends by itself then, on the holder's clock. */
  readonly untilMs: number;
  readonly commandTimeoutMs: number;
}

/** What the store said to a release, if anything. */
export type ReleaseAnswer = ReleaseOutcome['kind'] | 'unanswered';

/** Releases at the store: a first attempt that callers wait for, then attempts in the background while they still help. */
export class Releaser {
  private readonly background = new WorkTracker();
  private readonly pauses = new Set<Wakeup>();
  private isStopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly elapsed: ElapsedTime,
    private readonly random: RandomSource,
    private readonly gateway: StoreGateway,
    private readonly events: EventHub,
  ) {}

  /** Calls back after the first attempt, with what came of it. */
  release(
    request: ReleaseRequest,
    patience: ReleasePatience,
    onTried: (answer: ReleaseAnswer) => void,
  ): void {
    this.try(request, patience.commandTimeoutMs, kind => {
      if (kind === 'unanswered') this.inBackground(detached(() => this.repeat(request, patience)));
      onTried(kind);
    });
  }

  /** As {@link release}, when nobody waits for it but the end of everything. */
  releaseInBackground(request: ReleaseRequest, patience: ReleasePatience): void {
    this.inBackground(new Promise(done => this.release(request, patience, () => done())));
  }

  /** A single attempt, for what is only tidiness. Never rejects. */
  releaseOnce(request: ReleaseRequest, timeoutMs: number): Promise<void> {
    const done = this.attempt(request, timeoutMs).then(() => undefined);
    this.inBackground(done);
    return done;
  }

  /** One attempt; none after `stop`, when the store may be closed. Never rejects. */
  attempt(request: ReleaseRequest, timeoutMs: number): Promise<ReleaseAnswer> {
    return new Promise(resolve => this.try(request, timeoutMs, resolve));
  }

  private try(request: ReleaseRequest, timeoutMs: number, onEnd: (answer: ReleaseAnswer) => void): void {
    if (this.isStopped) return onEnd('unanswered');
    const { store } = this.gateway;
    this.gateway.send(timeoutMs, call => store.release(request, call), {
      objection: outcome => unknownKind(outcome, 'released', 'not-held'),
      answered: ({ kind }) => {
        if (kind === 'released' && store.expiry === 'observed')
          void detached(() => this.freeLater(request, timeoutMs));
        onEnd(kind);
      },
      failed: error => {
        this.events.emit('release-failed', { key: request.key, owner: request.owner, error });
        onEnd('unanswered');
      },
    });
  }

  /** Keeps track of work that nobody waits for, so that closing can. */
  inBackground(work: Promise<void>): void {
    void this.background.track(() => work);
  }

  /** Resolves once nothing runs in the background any more. */
  settled(): Promise<void> {
    return this.background.drained();
  }

  /** Ends all background attempts after their current command. */
  stop(): void {
    this.isStopped = true;
    for (const pause of this.pauses) pause.wake();
  }

  /** Where contenders end leases, one that saw the key kept would watch it from then on; a second release frees it in time. */
  private async freeLater(request: ReleaseRequest, commandTimeoutMs: number): Promise<void> {
    const { key, owner, fencingToken, keepForMs = 0 } = request;
    if (keepForMs <= 0) return;
    await this.pause(keepForMs);
    if (this.isStopped) return;
    const startedAt = this.elapsed.now();
    const patience = { startedAt, untilMs: startedAt + keepForMs, commandTimeoutMs };
    this.releaseInBackground({ key, owner, fencingToken }, patience);
  }

  private async repeat(request: ReleaseRequest, patience: ReleasePatience): Promise<void> {
    for (let attempt = 1; !this.isStopped; attempt++) {
      await this.pause(pollDelayMs(attempt, 1000, this.random.next()));
      const now = this.elapsed.now();
      if (this.isStopped || now >= patience.untilMs) break;
      const keepForMs =
        request.keepForMs === undefined
          ? undefined
          : Math.max(0, request.keepForMs - (now - patience.startedAt));
      if ((await this.attempt({ ...request, keepForMs }, patience.commandTimeoutMs)) !== 'unanswered') break;
    }
  }

  /** Ends early at {@link stop}. */
  private async pause(ms: number): Promise<void> {
    if (this.isStopped) return;
    const pause = new Wakeup(this.clock, { unref: true });
    this.pauses.add(pause);
    await pause.pause(ms);
    this.pauses.delete(pause);
  }
}
