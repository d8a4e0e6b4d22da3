import { EventEmitter } from 'node:events';
import type { RandomSource, Timer } from '../../../lib/core/ports.js';
import type { RedisClient } from '../../../lib/stores/redis/redis-client.js';
import { SCRIPTS } from '../../../lib/stores/redis/scripts.generated.js';
import type { Message } from '../link.js';
import type { RedisSession } from './redis-model.js';
import { bytesOf, textOf } from './redis-reply.js';
import { SimulatedConnection, type ConnectionParts } from './simulated-connection.js';

/** What a {@link SimulatedRedisClient} is made of. */
export interface SimulatedClientParts extends ConnectionParts {
  /** For the delays between attempts to reconnect. */
  readonly random: RandomSource;
}

type Listener = (...args: unknown[]) => void;

/** As ioredis names them. */
type ClientStatus = 'wait' | 'connecting' | 'ready' | 'close' | 'reconnecting' | 'end';

const CLOSED = 'Connection is closed.';
const NOT_WRITABLE = "Stream isn't writeable and enableOfflineQueue options is false";
const NO_RETRIES_LEFT =
  'Reached the max retries per request limit (which is 0). Refer to "maxRetriesPerRequest" option for details.';
const NAMES = new Map(Object.entries(SCRIPTS).map(([name, { sha1 }]) => [sha1, name.replace('-slot', '')]));

/**
 * What ioredis is with the settings of our own clients (client-source.ts, {@link oneConnection}): nothing is queued, sent twice
 * or retried; a connection that breaks is replaced after a delay. Each command is one message on the link, and so is connecting.
 */
export class SimulatedRedisClient implements RedisClient {
  private readonly emitter = new EventEmitter();
  private currentStatus: ClientStatus = 'wait';
  private connection: SimulatedConnection | null = null;
  private attempts = 0;
  private retry: Timer | undefined;
  private isClosing = false;
  private attempt: { resolve(): void; reject(error: Error): void } | undefined;

  constructor(
    private readonly parts: SimulatedClientParts,
    private readonly reconnects = true,
  ) {}

  get status(): ClientStatus {
    return this.currentStatus;
  }

  get stream(): { destroy(): void } | null {
    return this.connection;
  }

  on(event: string, listener: (...args: never[]) => void): this {
    this.emitter.on(event, listener as Listener);
    return this;
  }

  off(event: string, listener: (...args: never[]) => void): this {
    this.emitter.off(event, listener as Listener);
    return this;
  }

  connect(): Promise<void> {
    if (this.status === 'connecting' || this.status === 'ready')
      return Promise.reject(new Error('Redis is already connecting/connected'));
    return new Promise((resolve, reject) => {
      this.attempt = { resolve, reject };
      this.enter('connecting');
      this.connection = new SimulatedConnection(this.parts, {
        opened: () => this.opened(),
        closed: error => this.closed(error),
        message: (channel, text) => void this.emitter.emit('message', channel, text),
      });
    });
  }

  /** Unlike ioredis, which gives the server 200 ms for what it has to say, at once. */
  disconnect(): void {
    this.isClosing = true;
    this.retry?.cancel();
    this.retry = undefined;
    if (this.status === 'wait') this.closed();
    else this.connection?.destroy();
  }

  duplicate(options: object = {}): SimulatedRedisClient {
    return new SimulatedRedisClient(this.parts, !('retryStrategy' in options) && this.reconnects);
  }

  evalshaBuffer(sha1: string, keys: number, words: readonly (string | Buffer)[]): Promise<unknown> {
    // The guarded acquire, whose hash depends on maxTtl, is the only one that is not listed.
    const about = words.slice(0, keys).flatMap(word => this.leaseKeyOf(word.toString()) ?? []);
    const message = { name: NAMES.get(sha1) ?? 'acquire', key: about[0], keys: about };
    return this.send(message, () => this.parts.server.evalsha(sha1, keys, words));
  }

  script(_subcommand: 'LOAD', source: string): Promise<string> {
    return this.send({ name: 'load' }, () => this.parts.server.loadScript(source));
  }

  info(section: string): Promise<string> {
    return this.send({ name: 'info' }, () => textOf(this.parts.server.command('INFO', section) as string));
  }

  scan(cursor: string, ...args: string[]): Promise<[string, string[]]> {
    return this.send({ name: 'list' }, () => {
      const [next, names] = this.parts.server.command('SCAN', cursor, ...args) as [string, string[]];
      return [next, names.map(textOf)] as [string, string[]];
    });
  }

  subscribe(...channels: string[]): Promise<number> {
    return this.send({ name: 'subscribe', key: this.keyOf(channels[0]) }, session => {
      for (const channel of channels) session.channels.add(bytesOf(channel));
      return session.channels.size;
    });
  }

  unsubscribe(...channels: string[]): Promise<number> {
    return this.send({ name: 'unsubscribe', key: this.keyOf(channels[0]) }, session => {
      for (const channel of channels) session.channels.delete(bytesOf(channel));
      return session.channels.size;
    });
  }

  private async send<T>(message: Message, apply: (session: RedisSession) => T): Promise<T> {
    if (this.status === 'end') throw new Error(CLOSED);
    if (this.status !== 'ready' || this.connection?.isWritable !== true) throw new Error(NOT_WRITABLE);
    return this.connection.send(message, apply);
  }

  private leaseKeyOf(name: string): string | undefined {
    return name.endsWith(':lease') ? this.keyOf(name) : undefined;
  }

  private keyOf(leaseName = ''): string | undefined {
    return this.parts.server.keys.keyOf(leaseName, '');
  }

  private opened(): void {
    this.attempts = 0;
    this.enter('ready');
    this.attempt?.resolve();
  }

  private closed(error?: Error): void {
    if (error !== undefined && !this.isClosing && this.emitter.listenerCount('error') > 0)
      this.emitter.emit('error', error);
    this.enter('close');
    this.attempt?.reject(new Error(CLOSED));
    this.attempt = undefined;
    if (this.isClosing || !this.reconnects) {
      this.isClosing = false;
      this.enter('end');
      this.connection?.rejectAll(new Error(CLOSED));
      return;
    }
    this.enter('reconnecting');
    this.retry = this.parts.clock.startTimer(retryDelayMs(++this.attempts, this.parts.random), () => {
      this.retry = undefined;
      this.connect().catch(() => {});
    });
    this.connection?.rejectAll(
      Object.assign(new Error(NO_RETRIES_LEFT), { name: 'MaxRetriesPerRequestError' }),
    );
  }

  /** The status is new at once; listeners hear of it soon after, in order. */
  private enter(status: ClientStatus): void {
    this.currentStatus = status;
    queueMicrotask(() => this.emitter.emit(status));
  }
}

/** The `retryStrategy` of client-source.ts. */
export function retryDelayMs(times: number, random: RandomSource): number {
  return Math.min(50 * 2 ** Math.min(times - 1, 5), 1000) * (0.5 + random.next() / 2);
}
