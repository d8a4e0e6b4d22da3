import { OptionsInvalidError, StoreRejectedError } from '../../core/errors.js';
import type {
  AcquireOutcome,
  AcquireRequest,
  CallOptions,
  LeaseRecord,
  LeaseStore,
  ReleaseOutcome,
  ReleaseRequest,
  RenewOutcome,
  RenewRequest,
  RevokeRequest,
} from '../../core/lease-store.js';
import type { Clock, LockLogger } from '../../core/ports.js';
import { abortOf } from './abort-promise.js';
import { EvictionCheck } from './eviction-check.js';
import { FreedHints } from './freed-hints.js';
import { scanKeys } from './key-scan.js';
import * as codec from './lease-codec.js';
import type { RedisClient } from './redis-client.js';
import { RedisConnection, type ClientSource } from './redis-connection.js';
import { LeaseScriptRunner, type LeaseCommand } from './lease-script-runner.js';
import { messageOf, toStoreError } from './redis-errors.js';
import { RedisKeys } from './redis-keys.js';
import type { ResolvedRedisStoreOptions } from './redis-store-options.js';
import { withRestartGuard } from './restart-guard.js';
import { SCRIPTS, type RedisScript } from './scripts.generated.js';
import { acquireSlotArguments, releaseSlotArguments, slotOutcome } from './slot-codec.js';

/** What a {@link RedisLeaseStore} is made of besides its options. */
export interface RedisStoreParts {
  readonly source: ClientSource;
  readonly clock: Clock;
  readonly logger: LockLogger;
}

/** How long `open()` waits for a Redis that may be down. */
const OPEN_TIMEOUT_MS = 2000;

/**
 * Leases in Redis, ended by its clock. One round trip to acquire, to renew and to release.
 *
 * @see docs/redis.md for what it guarantees, its keys, and the rights that its user needs
 */
export class RedisLeaseStore implements LeaseStore {
  readonly name = 'redis';
  readonly expiry = 'server';
  readonly findsSlots = true;
  /** Longest TTL that the store takes, in ms. */
  readonly maxTtlMs: number;
  private readonly keys: RedisKeys;
  private readonly keyPrefix: string;
  private readonly connection: RedisConnection;
  private readonly eviction: EvictionCheck;
  private readonly hints: FreedHints;
  private readonly acquires: LeaseScriptRunner<AcquireRequest, AcquireOutcome>;
  private readonly slotAcquires: LeaseScriptRunner<AcquireRequest, AcquireOutcome>;
  private readonly renewals: LeaseScriptRunner<RenewRequest, RenewOutcome>;
  private readonly releases: LeaseScriptRunner<ReleaseRequest, ReleaseOutcome>;
  private readonly slotReleases: LeaseScriptRunner<ReleaseRequest, ReleaseOutcome>;
  private readonly revocations: LeaseScriptRunner<RevokeRequest, boolean>;
  private readonly inspections: LeaseScriptRunner<{ key: string }, LeaseRecord | null>;
  private readonly clock: Clock;
  private readonly logger: LockLogger;

  constructor(options: ResolvedRedisStoreOptions, { source, clock, logger }: RedisStoreParts) {
    const { maxTtlMs, restartGuard } = options;
    this.clock = clock;
    this.logger = logger;
    this.maxTtlMs = maxTtlMs;
    this.keys = new RedisKeys(options.prefix);
    this.keyPrefix = source.keyPrefix;
    this.eviction = new EvictionCheck(options.allowEviction, logger);
    this.connection = new RedisConnection(source, logger, clock, options.batching, client =>
      this.checkLoudly(client),
    );
    const keysOf = ({ key }: { key: string }): string[] => {
      const { lease, fence, data } = this.keys.of(key);
      return [lease, fence, data];
    };
    const keysWithoutFence = ({ key }: { key: string }): string[] => {
      const { lease, data } = this.keys.of(key);
      return [lease, data];
    };
    const keyOfPool = ({ key }: { key: string }): string[] => [this.keys.pool(key)];
    const granting = (script: RedisScript) => ({
      script: restartGuard ? withRestartGuard(script, maxTtlMs) : script,
      check: (request: AcquireRequest) => {
        this.checkTtl(request);
        this.eviction.assertUsable();
      },
    });
    this.acquires = this.runnerOf<AcquireRequest, AcquireOutcome>({
      ...granting(SCRIPTS.acquire),
      keysOf,
      argumentsOf: codec.acquireArguments,
      outcomeOf: (request, reply, call) => this.granted(request, reply, call, codec.acquireOutcome),
    });
    this.slotAcquires = this.runnerOf<AcquireRequest, AcquireOutcome>({
      ...granting(SCRIPTS['acquire-slot']),
      isAlone: true,
      keysOf: keyOfPool,
      argumentsOf: acquireSlotArguments,
      outcomeOf: (request, reply, call) => this.granted(request, reply, call, slotOutcome),
    });
    this.renewals = this.runnerOf<RenewRequest, RenewOutcome>({
      script: SCRIPTS.renew,
      check: request => this.checkTtl(request),
      keysOf,
      argumentsOf: codec.renewArguments,
      outcomeOf: codec.renewOutcome,
    });
    this.releases = this.runnerOf<ReleaseRequest, ReleaseOutcome>({
      script: SCRIPTS.release,
      keysOf: keysWithoutFence,
      argumentsOf: codec.releaseArguments,
      outcomeOf: codec.releaseOutcome,
    });
    this.slotReleases = this.runnerOf<ReleaseRequest, ReleaseOutcome>({
      script: SCRIPTS['release-slot'],
      isAlone: true,
      keysOf: keyOfPool,
      argumentsOf: releaseSlotArguments,
      outcomeOf: codec.releaseOutcome,
    });
    this.revocations = this.runnerOf<RevokeRequest, boolean>({
      script: SCRIPTS.revoke,
      keysOf: ({ key }) => [this.keys.of(key).lease],
      argumentsOf: codec.revokeArguments,
      outcomeOf: codec.isRevoked,
    });
    this.inspections = this.runnerOf<{ key: string }, LeaseRecord | null>({
      script: SCRIPTS.inspect,
      keysOf: keysWithoutFence,
      argumentsOf: () => [],
      outcomeOf: codec.leaseRecord,
    });
    this.hints = new FreedHints(() => this.connection.ready(), clock, logger);
    logger.log(
      restartGuard
        ? `Redis store: restart guard on; after a restart of Redis, grants wait until it has been up for ${maxTtlMs} ms (maxTtl).`
        : 'Redis store: restart guard off; a Redis that restarts without its data may grant a key that is still held.',
    );
  }

  acquire(request: AcquireRequest, call: CallOptions): Promise<AcquireOutcome> {
    return (request.slots === undefined ? this.acquires : this.slotAcquires).run(request, call);
  }

  renew(request: RenewRequest, call: CallOptions): Promise<RenewOutcome> {
    return this.renewals.run(request, call);
  }

  /** All are sent before the first is answered; in few commands, but in a Cluster. */
  renewMany(requests: readonly RenewRequest[], call: CallOptions): Promise<RenewOutcome>[] {
    return requests.map(request => this.renew(request, call));
  }

  release(request: ReleaseRequest, call: CallOptions): Promise<ReleaseOutcome> {
    return (request.slots === undefined ? this.releases : this.slotReleases).run(request, call);
  }

  revoke(request: RevokeRequest, call: CallOptions): Promise<boolean> {
    return this.revocations.run(request, call);
  }

  inspect(key: string, call: CallOptions): Promise<LeaseRecord | null> {
    return this.inspections.run({ key }, call);
  }

  /** By SCAN on every master, never by KEYS. A damaged record ends the listing with its error. */
  async *list(prefix: string, call: CallOptions): AsyncGenerator<LeaseRecord> {
    const client = await this.connection.ready(call.signal);
    const steps = scanKeys(client, this.keys, this.keyPrefix, prefix);
    for (;;) {
      const step = await this.connection
        .send(call, () => steps.next())
        .catch((error: unknown) => {
          throw toStoreError(error);
        });
      if (step.done === true) return;
      const records = await Promise.all(step.value.map(key => this.inspect(key, call)));
      for (const record of records) if (record !== null) yield record;
    }
  }

  whenFreed(key: string, onFreed: () => void, signal: AbortSignal): void {
    this.hints.watch(`${this.keyPrefix}${this.keys.channel(key)}`, onFreed, signal);
  }

  /**
   * Connects, and looks whether this Redis may evict leases. A Redis that is down is no error: it is looked at once it is
   * up, and then refuses every acquire if it may.
   * @throws OptionsInvalidError when leases may be evicted, or ioredis is not installed
   */
  async open(): Promise<void> {
    const timeout = new AbortController();
    const timer = this.clock.startTimer(OPEN_TIMEOUT_MS, () => timeout.abort(), { unref: true });
    try {
      const client = await this.connection.ready(timeout.signal);
      this.assertOneSlot(client);
      await Promise.race([this.eviction.run(client), abortOf(timeout.signal)]);
    } catch (error) {
      if (error instanceof OptionsInvalidError) throw error;
      if (!this.connection.isKnownDown)
        this.logger.warn(`${messageOf(error)} Locks are granted once it can be reached.`);
    } finally {
      timer.cancel();
    }
  }

  async close(): Promise<void> {
    this.hints.close();
    this.connection.close();
  }

  private runnerOf<Request extends { readonly key: string }, Outcome>(
    command: LeaseCommand<Request, Outcome>,
  ): LeaseScriptRunner<Request, Outcome> {
    return new LeaseScriptRunner(command, this.connection);
  }

  /** What is kept beside a lease may be unreadable, which shows when the key is granted: then it is given back. */
  private granted(
    request: AcquireRequest,
    reply: unknown,
    call: CallOptions,
    outcomeOf: (request: AcquireRequest, reply: unknown) => AcquireOutcome,
  ): AcquireOutcome | Promise<AcquireOutcome> {
    try {
      return outcomeOf(request, reply);
    } catch (error) {
      const { key, owner, slots } = request;
      const fail = (): never => {
        throw error;
      };
      return this.release({ key, owner, slots }, call).then(fail, fail);
    }
  }

  private checkTtl({ key, ttlMs }: { key: string; ttlMs: number }): void {
    if (ttlMs <= this.maxTtlMs) return;
    throw new StoreRejectedError(
      `ttl (${ttlMs} ms) of key '${key}' exceeds maxTtl (${this.maxTtlMs} ms) of the Redis store. Raise maxTtl in ` +
        `redisStore(), which is also how long grants wait after a restart of Redis, or shorten ttl.`,
      { retryable: false },
    );
  }

  /** Redis ignores an empty hash tag, and would spread the three keys of a lease over the Cluster. */
  private assertOneSlot(client: RedisClient): void {
    if (client.isCluster !== true || !/^[^{]*\{\}/.test(this.keyPrefix)) return;
    throw new OptionsInvalidError([
      `keyPrefix ('${this.keyPrefix}') of the Cluster must not contain '{}', which keeps a lease's keys from sharing a slot; remove it`,
    ]);
  }

  private checkLoudly(client: RedisClient): void {
    this.eviction.run(client).catch((error: unknown) => {
      this.logger.error(messageOf(error));
    });
  }
}
