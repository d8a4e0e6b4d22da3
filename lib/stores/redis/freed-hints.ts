import type { Clock, LockLogger, Timer } from '../../core/ports.js';
import { mastersOf, oneConnection, type RedisClient } from './redis-client.js';
import { isReply } from './redis-errors.js';

/** Those who wait for one channel. */
interface Channel {
  readonly watchers: Set<() => void>;
  /** Whether Redis has confirmed the subscription on the present connection. */
  isStanding: boolean;
}

const REOPEN_AFTER_MS = 500;

/**
 * Push hints over one subscriber connection, which is opened when somebody waits for the first time and replaced when it
 * ends. In a Cluster it leads to any one master: a plain PUBLISH reaches all.
 *
 * Nothing here fails: where no connection stands, there are no hints, and waiters poll.
 */
export class FreedHints {
  private readonly channels = new Map<string, Channel>();
  private subscriber: RedisClient | undefined;
  private isOpening = false;
  private reopening: Timer | undefined;
  private isClosed = false;
  private isRefused = false;

  constructor(
    private readonly connected: () => Promise<RedisClient>,
    private readonly clock: Clock,
    private readonly logger: LockLogger,
  ) {}

  /** Calls `onFreed` at each message of `channel`, and once whenever the subscription has come to stand. */
  watch(channel: string, onFreed: () => void, signal: AbortSignal): void {
    if (signal.aborted || this.isClosed) return;
    const watcher = (): void => {
      if (!signal.aborted) onFreed();
    };
    const known = this.channels.get(channel);
    const entry = known ?? { watchers: new Set(), isStanding: false };
    entry.watchers.add(watcher);
    this.channels.set(channel, entry);
    signal.addEventListener('abort', () => this.unwatch(channel, entry, watcher), { once: true });
    if (entry.isStanding) queueMicrotask(watcher);
    else if (known === undefined) this.subscribe([channel]);
  }

  /** Idempotent. */
  close(): void {
    this.isClosed = true;
    this.channels.clear();
    this.reopening?.cancel();
    this.subscriber?.disconnect();
  }

  private unwatch(channel: string, entry: Channel, watcher: () => void): void {
    entry.watchers.delete(watcher);
    if (entry.watchers.size > 0 || this.channels.get(channel) !== entry) return;
    this.channels.delete(channel);
    if (this.subscriber?.status === 'ready') this.subscriber.unsubscribe(channel).catch(() => {});
  }

  private subscribe(names: string[]): void {
    const { subscriber } = this;
    if (subscriber === undefined) {
      this.open();
      return;
    }
    if (subscriber.status !== 'ready' || names.length === 0) return;
    const entries = names.map(name => this.channels.get(name));
    subscriber.subscribe(...names).then(
      () => entries.forEach(entry => this.stands(entry, subscriber)),
      (error: Error) => this.refused(error),
    );
  }

  private stands(entry: Channel | undefined, subscriber: RedisClient): void {
    if (entry === undefined || this.subscriber !== subscriber) return;
    entry.isStanding = true;
    for (const watcher of entry.watchers) watcher();
  }

  private open(): void {
    if (this.isOpening) return;
    this.isOpening = true;
    void this.connected()
      .then(client => mastersOf(client).find(master => master.status === 'ready'))
      .catch(() => undefined)
      .then(master => {
        this.isOpening = false;
        if (this.isClosed) return;
        if (master === undefined) this.reopenLater();
        else this.openOn(master);
      });
  }

  private openOn(master: RedisClient): void {
    const subscriber = master.duplicate(oneConnection('lock-hints'));
    this.subscriber = subscriber;
    subscriber.on('error', () => {});
    subscriber.on('message', (channel: string) => {
      for (const watcher of this.channels.get(channel)?.watchers ?? []) watcher();
    });
    subscriber.on('ready', () => this.subscribe([...this.channels.keys()]));
    subscriber.on('end', () => {
      this.subscriber = undefined;
      for (const entry of this.channels.values()) entry.isStanding = false;
      this.reopenLater();
    });
    subscriber.connect().catch(() => {});
  }

  private reopenLater(): void {
    if (this.isClosed || this.reopening !== undefined || this.channels.size === 0) return;
    const reopen = (): void => {
      this.reopening = undefined;
      if (!this.isClosed && this.channels.size > 0 && this.subscriber === undefined) this.open();
    };
    this.reopening = this.clock.startTimer(REOPEN_AFTER_MS, reopen, { unref: true });
  }

  private refused(error: Error): void {
    if (!isReply(error) || this.isRefused) return;
    this.isRefused = true;
    this.logger.warn(
      `Redis refuses to tell when a key is freed (${error.message}), so waiters poll. Grant the channels of docs/redis.md.`,
    );
  }
}
