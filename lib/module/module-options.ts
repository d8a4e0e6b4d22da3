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
  /** Whether one command may be about many leases. @default where Redis itself is seen to answer, and no proxy */
  batching?: boolean;
  /** Whether `client` is closed with the application. @default false */
  closeClient?: boolean;
}

/**
 * Leases in a DynamoDB table, on the rows of Go dynamolock or of the AWS lock client for Java. Typed as plain structures, so
 * that these types need no AWS SDK; `dynamoDbStore()` from `nestjs-distributed-lock/dynamodb` takes the same fields with the
 * types of `@aws-sdk/client-dynamodb`.
 */
export interface DynamoDbStoreConfig {
  type: 'dynamodb';
  /** Name or ARN of the table. */
  table: string;
  /** Such as `eu-central-1`. @default what the SDK finds, as in AWS_REGION */
  region?: string;
  /** URL of the service: DynamoDB Local, a VPC endpoint, an emulator. @default that of the region */
  endpoint?: string;
  /** Credentials, or a provider of them. @default what the SDK finds: environment, profile, role */
  credentials?: object;
  /** Options of `DynamoDBClient`, besides the three above. */
  options?: object;
  /** A `DynamoDBClient` of the application, in place of the four above; it stays yours unless `closeClient` says otherwise. */
  client?: object;
  /** Whether `client` is closed with the application. @default false */
  closeClient?: boolean;
  /** Whose rows the table holds. @default 'dynamolock' */
  dialect?: 'dynamolock' | 'aws-java';
  /** Name of the partition key, which is text. @default 'key' */
  partitionKey?: string;
  /** Name of the sort key, and the one value that this service uses; for a table that has one. */
  sortKey?: { name: string; value: string };
  /** Beginning of every key in the table. @default '' */
  namespace?: string;
  /** Whether a release deletes the row, and with it data, attributes and the count of fencing tokens. @default false */
  deleteOnRelease?: boolean;
  /** What rows show as their owner's name. @default the random id of each acquisition */
  ownerName?: string;
  /** Creates the table where it is missing, and compares the keys of one that exists. @default false */
  ensureTable?:
    | boolean
    | {
        /** Provisioned capacity units. @default on demand */
        throughput?: { read: number; write: number };
        tags?: Record<string, string>;
        /** How long to wait for the table. @default 60 s */
        timeout?: Duration;
      };
}

/** A store by name, loaded when it is named. */
export type StoreConfig = MemoryStoreConfig | RedisStoreConfig | DynamoDbStoreConfig;

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
  /** Where leases are kept: by name, or a store made with `redisStore()`, `dynamoDbStore()`, `memoryStore()` or a class of yours. */
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
