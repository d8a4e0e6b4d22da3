import type { CallOptions } from '../../core/lease-store.js';
import type { LockLogger } from '../../core/ports.js';
import { abortOf } from './abort-promise.js';
import type { RedisClient } from './redis-client.js';
import { isReply, notAnswered, notConnected, toStoreError } from './redis-errors.js';

/** Where the client comes from. */
export interface ClientSource {
  /** Made by the application: its settings are not touched, and it is not closed unless that was asked for. */
  readonly isBorrowed: boolean;
  readonly closes: boolean;
  /** What it connects to, without secrets, for logs. */
  readonly target: string;
  /** What ioredis puts before each key. */
  readonly keyPrefix: string;
  /** Makes or hands out the client; called until it succeeds once. */
  open(): Promise<RedisClient>;
}

/**
 * `new` until the first connection stands or fails; `ended` when the application has closed its client; `closed` when the
 * store is.
 */
type ConnectionState = 'new' | 'up' | 'down' | 'ended' | 'closed';

/**
 * The client, and how commands get to it: none is sent before the connection is ready, so that nothing waits in an
 * offline queue, and everything that fails before that is known to have had no effect.
 *
 * A command that was sent over a borrowed client may still be sent again by ioredis after a reconnect, long after its
 * caller has given up; its reply, whenever it comes, is handed to the caller.
 */
export class RedisConnection {
  private state: ConnectionState = 'new';
  private client: RedisClient | undefined;
  private opening: Promise<RedisClient> | undefined;
  private attempt: Promise<void> | undefined;
  private lastError: Error | undefined;
  /** Replies seen so far; tells a silent connection from one that is merely slow with one command. */
  private replies = 0;

  constructor(
    private readonly source: ClientSource,
    private readonly logger: LockLogger,
    /** Called whenever a connection has become ready. */
    private readonly onReady: (client: RedisClient) => void,
  ) {}

  /** Whether an outage has been logged that has not ended. */
  get isKnownDown(): boolean {
    return this.state === 'down';
  }

  /** Whether a connection stands, and leads to a single server, which has all slots. */
  get isOneServer(): boolean {
    return this.client?.status === 'ready' && this.client.isCluster !== true;
  }

  /** Sends one command as soon as the connection is ready. */
  send<T>(call: CallOptions, command: (client: RedisClient) => Promise<T>): Promise<T> {
    const { client } = this;
    if (client?.status === 'ready') return this.sendOn(client, call, command);
    return this.ready(call.signal).then(ready => this.sendOn(ready, call, command));
  }

  /**
   * Waits for a connection attempt that is under way, and starts one where there was none; does not wait for the next.
   * @throws StoreUnavailableError, or StoreRejectedError when Redis refused the log-in
   */
  async ready(signal?: AbortSignal): Promise<RedisClient> {
    const client = this.client ?? (await this.open());
    if (client.status === 'ready') return client;
    if (this.isClosed()) throw notConnected('the store is closed');
    if (client.status === 'end' && this.source.isBorrowed) throw this.closedByOwner();
    if (client.status !== 'reconnecting' && signal?.aborted !== true) await this.attemptEnd(client, signal);
    if (client.status !== 'ready') throw this.notReady(client);
    return client;
  }

  /** Idempotent. */
  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    const { client } = this;
    if (client === undefined) return;
    client.off('ready', this.becameReady);
    client.off('close', this.closed);
    if (this.source.closes && client.status !== 'end') client.disconnect();
  }

  private async open(): Promise<RedisClient> {
    if (this.state === 'closed') throw notConnected('the store is closed');
    this.opening ??= this.source.open().finally(() => (this.opening = undefined));
    const client = await this.opening;
    if (this.isClosed()) {
      if (this.source.closes) client.disconnect();
      throw notConnected('the store is closed');
    }
    if (this.client === undefined) {
      this.client = client;
      client.on('ready', this.becameReady);
      client.on('close', this.closed);
      if (!this.source.isBorrowed) {
        client.on('error', this.failed);
        client.on('node error', this.nodeFailed);
      }
      if (client.status === 'ready') this.becameReady();
    }
    return client;
  }

  /** Asked after an await, where the compiler would still trust the check before it. */
  private isClosed(): boolean {
    return this.state === 'closed';
  }

  /** One set of listeners, however many commands wait. */
  private attemptEnd(client: RedisClient, signal: AbortSignal | undefined): Promise<void> {
    this.attempt ??= connectionAttempt(client).finally(() => (this.attempt = undefined));
    return signal === undefined ? this.attempt : Promise.race([this.attempt, abortOf(signal)]);
  }

  private sendOn<T>(
    client: RedisClient,
    call: CallOptions,
    command: (client: RedisClient) => Promise<T>,
  ): Promise<T> {
    const reply = started(client, command);
    if (this.source.isBorrowed) return reply.catch(passOn);
    this.watch(client, call, reply);
    return reply;
  }

  /**
   * A connection whose packets vanish is never closed by TCP in useful time. One that has answered nothing since a
   * command was sent, until the caller of that command gave up, is replaced.
   */
  private watch(client: RedisClient, call: CallOptions, reply: Promise<unknown>): void {
    const { replies } = this;
    const { stream } = client;
    let isPending = true;
    const settled = (isAnswer: boolean): void => {
      isPending = false;
      if (isAnswer) this.replies++;
    };
    reply.then(
      () => settled(true),
      (error: unknown) => settled(isReply(error)),
    );
    const look = (): void => {
      const isSilent = isPending && this.replies === replies && client.stream === stream;
      if (isSilent && !this.isClosed()) stream?.destroy();
    };
    if (call.onAbort !== undefined) call.onAbort(look);
    else if (call.signal !== undefined) void abortOf(call.signal).then(look);
  }

  private readonly becameReady = (): void => {
    if (this.state === 'closed' || this.client === undefined) return;
    if (this.state === 'down' || this.state === 'ended')
      this.logger.log(`Redis at ${this.source.target} is reachable again.`);
    this.state = 'up';
    this.lastError = undefined;
    this.onReady(this.client);
  };

  private readonly failed = (error: Error): void => {
    this.lastError = error;
    this.wentDown(error.message);
  };

  /** One node of a Cluster; the others may serve well. Remembered in case none does. */
  private readonly nodeFailed = (error: Error): void => {
    this.lastError = error;
  };

  private readonly closed = (): void => {
    this.wentDown(this.lastError?.message ?? 'connection closed');
  };

  /** Once per outage, however many attempts fail. */
  private wentDown(reason: string): void {
    if (this.state !== 'new' && this.state !== 'up') return;
    this.state = 'down';
    this.logger.warn(`Redis at ${this.source.target} is not reachable (${reason || 'no reason given'}).`);
  }

  private notReady(client: RedisClient): Error {
    const { lastError } = this;
    if (lastError !== undefined && isReply(lastError)) return toStoreError(lastError);
    return notConnected(`the client of ${this.source.target} is '${client.status}'`, lastError);
  }

  private closedByOwner(): Error {
    const error = notConnected(
      `the client that redisStore() was given is closed ('end'). The application closed it while locks were in use, as an ` +
        `onModuleDestroy hook does; close it in onApplicationShutdown, or leave it to closeClient: true`,
    );
    if (this.state !== 'ended') this.logger.error(error.message);
    this.state = 'ended';
    return error;
  }
}

/**
 * A failure on a borrowed client, which may have sent a command before it says that it cannot send it again: only an
 * answer is definite.
 */
function passOn(error: unknown): never {
  throw isReply(error) ? error : notAnswered(error);
}

/** Ends when the attempt has succeeded or failed. */
function connectionAttempt(client: RedisClient): Promise<void> {
  return new Promise(resolve => {
    const events = ['ready', 'close', 'end', 'reconnecting'];
    const done = (): void => {
      for (const event of events) client.off(event, done);
      resolve();
    };
    for (const event of events) client.on(event, done);
    if (client.status === 'wait' || client.status === 'end') client.connect().catch(() => {});
    if (client.status === 'ready') done();
  });
}

/** A client of the application may be anything: what it throws at once is a failure like others. */
function started<T>(client: RedisClient, command: (client: RedisClient) => Promise<T>): Promise<T> {
  try {
    return command(client);
  } catch (error) {
    return Promise.reject(error);
  }
}
