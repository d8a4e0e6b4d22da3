import type { Duration } from '../core/duration.js';
import type { LeaseStore } from '../core/lease-store.js';
import type { TimingOptions } from '../core/options.js';

/** Leases in the memory of this process: for development, tests, and services of one process. */
export interface MemoryStoreConfig {
  type: 'memory';
  /**
   * Says that the service runs as a single process, which is what memory can serve. Without it memory is refused where
   * `NODE_ENV` is `production`. @default false
   */
  singleProcess?: boolean;
}

/**
 * Leases in Redis. Typed as plain structures, so that these types need no `ioredis`; `redisStore()` from
 * `nestjs-distributed-lock/redis` takes the same fields with the types of `ioredis`.
 */
export interface RedisStoreConfig {
  type: 'redis';
  /** Such as `redis://user:password@host:6379/0`, or `rediss://` for TLS. */
  url?: string;
  /** A connected client of `ioredis`, in place of `url`; it stays yours unless `closeClient` says otherwise. */
  client?: object;
  /** Options of `ioredis`, in place of or besides `url`. */
  options?: object;
  /** A Redis Cluster by some of its nodes, with options of `ioredis`, in place of `url`. */
  cluster?: { nodes: readonly (string | number | { host?: string; port?: number })[]; options?: object };
  /** Beginning of every key in Redis. @default 'lock' */
  prefix?: string;
  /** Longest TTL that any replica uses: what the restart guard waits for. @default 60 s */
  maxTtl?: Duration;
  /** Whether grants wait after a restart of Redis until every older lease has ended. @default NODE_ENV is 'production' */
  restartGuard?: boolean;
  /** Accepts a Redis that may evict keys, and with them leases. @default false */
  allowEviction?: boolean;
  /** Whether `client` is closed with the application. @default false */
  closeClient?: boolean;
}

/** A store by name, loaded when it is named. */
export type StoreConfig = MemoryStoreConfig | RedisStoreConfig;

/** The leadership lock of the application. */
export interface LeadershipOptions {
  /** Whether this replica stands for leader; `false`: it only asks who leads. @default true */
  campaign?: boolean;
  /** Length of the leadership lease, hence of the gap after a leader has died. @default 10 s */
  ttl?: Duration;
  /** @default service/<service>/leadership */
  key?: string;
}

/** Options of {@link DistributedLockModule}; those on timing are the defaults of all leases. */
export interface DistributedLockModuleOptions extends TimingOptions {
  /** Where leases are kept: by name, or a store made with `redisStore()`, `memoryStore()` or a class of your own. */
  store: StoreConfig | LeaseStore;
  /** Name of the service, the same for all its replicas: shown as the holder, and part of the leadership key. */
  service?: string;
  /** Where this replica can be reached; shown as the holder. */
  url?: string;
  /** Bound on how far two machines' clocks drift apart, relative to elapsed time: 0 to 0.1. @default 0.01 */
  driftRate?: number;
  /** The leadership lock; `false`: none. @default on where `service` is set */
  leadership?: LeadershipOptions | false;
  /** How long the application's shutdown may wait for locked and leader-only work, in all. @default 10 s */
  shutdownTimeout?: Duration;
}

/** What a class given as `useClass` or `useExisting` implements. */
export interface DistributedLockOptionsFactory {
  createDistributedLockOptions(): Promise<DistributedLockModuleOptions> | DistributedLockModuleOptions;
}
