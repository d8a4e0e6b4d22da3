import { invoke } from '../../core/invoke.js';
import type { CallOptions } from '../../core/lease-store.js';
import type { Clock, LockLogger, Timer } from '../../core/ports.js';
import { abortOf } from './abort-promise.js';
import { isAnsweredByRedis } from './direct-connection.js';
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

/** How long a server may take to answer greetings, once it is connected. */
const HANDSHAKE_TIMEOUT_MS = 5000;

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
  /** Whether one command may be about many keys; unknown is no. */
  private isDirect = false;
  private hasSlots = false;
  private handshake: Timer | undefined;
  /** Replies seen so far; tells a silent connection from one that is merely slow with one command. */
  private replies = 0;

  constructor(
    private readonly source: ClientSource,
    private readonly logger: LockLogger,
    private readonly clock: Clock,
    /** Whether many leases go in one command; `undefined`: found out for each connection. */
    private readonly batching: boolean | undefined,
    /** Called whenever a connection has become ready. */
    private readonly onReady: (client: RedisClient) => void,
  ) {}

  /** Whether an outage has been logged that has not ended. */
  get isKnownDown(): boolean {
    return this.state === 'down';
  }

  /**
   * Whether one command may be about many keys: where it is known that Redis itself answers on this connection. What stands
   * between may spread keys over several servers, and send a whole command to the server of its first key.
   */
  get takesManyKeys(): boolean {
    return this.isDirect && !this.hasSlots && this.client?.status === 'ready';
  }

  /** This Redis has slots, though it seems to be one server: as a Cluster of one shard has, which plain clients may use. */
  keepApart(): void {
    this.hasSlots = true;
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
    client.off('connect', this.greeted);
    this.handshake?.cancel();
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
        if (client.isCluster !== true) client.on('connect', this.greeted);
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
    const reply = invoke(command, client);
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
    // Whoever calls a store directly may have a signal only.
    else if (call.signal !== undefined) void abortOf(call.signal).then(look);
  }

  private readonly becameReady = (): void => {
    if (this.state === 'closed' || this.client === undefined) return;
    if (this.state === 'down' || this.state === 'ended')
      this.logger.log(`Redis at ${this.source.target} is reachable again.`);
    this.state = 'up';
    this.lastError = undefined;
    this.handshake?.cancel();
    void this.learnWhoAnswers(this.client);
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

  /** ioredis waits for ever for what a server answers to greetings. */
  private readonly greeted = (): void => {
    const stream = this.client?.stream;
    this.handshake?.cancel();
    this.handshake = this.clock.startTimer(HANDSHAKE_TIMEOUT_MS, () => stream?.destroy(), { unref: true });
  };

  private async learnWhoAnswers(client: RedisClient): Promise<void> {
    const { stream } = client;
    this.isDirect = false;
    if (client.isCluster === true || this.batching === false) return;
    const isDirect = this.batching === true || (await isAnsweredByRedis(client));
    if (client.stream === stream) this.isDirect = isDirect;
  }

  private readonly closed = (): void => {
    this.handshake?.cancel();
    this.isDirect = false;
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
