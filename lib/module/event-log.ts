import { describeError } from '../core/describe-error.js';
import { formatDuration } from '../core/duration.js';
import type { HolderInfo } from '../core/lease-store.js';
import { describeHolder, isDistributedLockError, type LossCause } from '../core/errors.js';
import type { Clock, LockLogger } from '../core/ports.js';
import type { SyncManager } from '../engine/sync-manager.js';
import { LineLimiter } from './line-limiter.js';

/** From when on a wait is worth a line, in ms. */
const LONG_WAIT_MS = 5000;

const LOSS: Readonly<Record<LossCause, string>> = {
  expired: 'no renewal was confirmed in time',
  refused: 'the store refused to renew it',
  'clock-jump': 'the clock jumped, as after a suspend',
  closed: 'the application shut down before its work had ended',
};

/** Writes what an operator wants to know about a manager: one readable line per important event, and never a flood. */
export class EventLog {
  private readonly lines: LineLimiter;
  private storeState: 'answering' | 'silent' = 'answering';
  private silentSinceMs = 0;
  private leaderSeen: string | undefined;

  constructor(
    private readonly logger: LockLogger,
    private readonly clock: Clock,
    private readonly storeName: string,
    private readonly leadershipKey: string | undefined,
  ) {
    this.lines = new LineLimiter(clock);
  }

  /** @returns a function that ends the log */
  attach(manager: SyncManager): () => void {
    const detach = [
      manager.on('acquired', event => this.onAcquired(event)),
      manager.on('renewed', () => this.onAnswer()),
      manager.on('renewal-failed', event => this.onSilence(event.error)),
      manager.on('acquire-delayed', event => this.onDelayed(event)),
      manager.on('waiting', event => this.onWaiting(event.key, event.holder)),
      manager.on('lost', event => this.onLost(event.key, event.cause)),
      manager.on('released', event => this.onReleased(event.key)),
      manager.on('release-failed', event => this.onReleaseFailed(event.key, event.error)),
      manager.on('listener-error', event =>
        this.warn('listener', `A listener of '${event.event}' threw: ${describeError(event.error)}.`),
      ),
    ];
    return () => detach.forEach(remove => remove());
  }

  private onAcquired(event: { key: string; fencingToken: number; waitedMs: number }): void {
    this.onAnswer();
    if (event.key === this.leadershipKey) {
      this.leaderSeen = undefined;
      this.logger.log(`This replica leads '${event.key}' now (fencing token ${event.fencingToken}).`);
    } else if (event.waitedMs >= LONG_WAIT_MS) {
      this.lines.pass(
        'long-wait',
        `'${event.key}' was granted after a wait of ${seconds(event.waitedMs)}.`,
        line => this.logger.log(line),
      );
    }
  }

  private onWaiting(key: string, holder: HolderInfo | undefined): void {
    const who = describeHolder(holder);
    if (key !== this.leadershipKey) {
      this.lines.pass('waiting', `Waiting for '${key}', held by ${who}.`, line => this.logger.debug?.(line));
    } else if (holder !== undefined && this.leaderSeen !== who) {
      this.leaderSeen = who;
      this.logger.log(`This replica follows: '${key}' is led by ${who}.`);
    }
  }

  private onLost(key: string, cause: LossCause): void {
    if (key === this.leadershipKey) {
      this.logger.warn(`Leadership '${key}' was lost: ${LOSS[cause]}.`);
    } else {
      this.warn('lost', `The lease of '${key}' was lost: ${LOSS[cause]}.`);
    }
  }

  private onReleased(key: string): void {
    if (key === this.leadershipKey) this.logger.log(`Leadership '${key}' was given up.`);
  }

  /** While the store is known to be silent, every release fails. */
  private onReleaseFailed(key: string, error: Error): void {
    if (this.storeState === 'silent') return;
    this.warn(
      'release',
      `Release of '${key}' was not confirmed (${describeError(error)}); it ends by its TTL.`,
    );
    if (isDistributedLockError(error, 'LOCK_STORE_UNAVAILABLE')) this.onSilence(error);
  }

  private onDelayed(event: { key: string; reason: string; error?: Error; retryInMs: number }): void {
    if (event.reason === 'unavailable') return this.onSilence(event.error);
    const wait = formatDuration(Math.ceil(event.retryInMs / 1000) * 1000);
    this.lines.pass(
      event.reason,
      `The restart guard of ${this.storeName} withholds grants for ${wait} more, so that no older lease is overlapped.`,
      line => this.logger.log(line),
    );
  }

  private onSilence(error: Error | undefined): void {
    if (this.storeState === 'silent') return;
    this.storeState = 'silent';
    this.silentSinceMs = this.clock.monotonicMs();
    this.logger.warn(
      `Lock store ${this.storeName} does not answer (${error === undefined ? 'no reason given' : describeError(error)}). Leases are held while their time lasts; it is asked again.`,
    );
  }

  private onAnswer(): void {
    if (this.storeState === 'answering') return;
    this.storeState = 'answering';
    this.logger.log(
      `Lock store ${this.storeName} answers again after ${seconds(this.clock.monotonicMs() - this.silentSinceMs)}.`,
    );
  }

  private warn(kind: string, line: string): void {
    this.lines.pass(kind, line, text => this.logger.warn(text));
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
