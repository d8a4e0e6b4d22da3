import type { ClusterNode, ClusterOptions, RedisOptions } from 'ioredis';
import { MAX_TTL_MS, MIN_TTL_MS } from '../../core/defaults.js';
import { describeValue } from '../../core/describe-value.js';
import type { Duration } from '../../core/duration.js';
import { OptionProblems } from '../../core/option-problems.js';
import type { LockLogger } from '../../core/ports.js';
import { isUrl, redactUrl } from '../../core/redact-url.js';
import type { IoredisClient } from './redis-client.js';

/** Options of {@link redisStore}. Name one server by `url`, `options`, `cluster` or `client`. */
export interface RedisStoreOptions {
  /** `redis://`, or `rediss://` for TLS: `rediss://user:password@host:6380/0`. May go with `options`. */
  url?: string;
  /** Options of ioredis for the connection that the store makes: TLS, Sentinels, `keyPrefix`, … */
  options?: RedisOptions;
  /** A Redis Cluster, to which the store makes its own connections. */
  cluster?: { nodes: ClusterNode[]; options?: ClusterOptions };
  /** A client of the application, `Redis` or `Cluster` of ioredis 5 or 6. Its settings are left alone. */
  client?: IoredisClient;
  /** Whether `close()` closes the application's `client`. @default false */
  closeClient?: boolean;
  /** Start of all names in Redis; without braces. @default 'lock' */
  prefix?: string;
  /**
   * Longest TTL that a lease may have, 50 ms to 30 days; also how long grants wait after a restart of Redis. All users of
   * one Redis must set the same. @default 60 s
   */
  maxTtl?: Duration;
  /** Whether grants wait after a restart of Redis. @default true where NODE_ENV is 'production' */
  restartGuard?: boolean;
  /** Whether a Redis that may evict leases is accepted. @default false */
  allowEviction?: boolean;
  /**
   * Whether one command may be about many leases, which is faster. Set it to true only where one server has all keys: a proxy
   * that spreads keys over several would make two holders of one. @default where Redis itself is seen to answer, and no proxy
   */
  batching?: boolean;
  /** Where the store tells of outages, guard and eviction. @default the console */
  logger?: LockLogger;
}

/** Complete, except for where to connect. */
export interface ResolvedRedisStoreOptions {
  readonly prefix: string;
  readonly maxTtlMs: number;
  readonly restartGuard: boolean;
  readonly allowEviction: boolean;
  readonly batching?: boolean;
}

const DEFAULT_MAX_TTL_MS = 60_000;
const NAMES: readonly (keyof RedisStoreOptions)[] = [
  'url',
  'options',
  'cluster',
  'client',
  'closeClient',
  'prefix',
  'maxTtl',
  'restartGuard',
  'allowEviction',
  'batching',
  'logger',
];

/** @throws OptionsInvalidError naming everything that is wrong; never a password */
export function resolveRedisStoreOptions(
  options: RedisStoreOptions,
  isProduction: boolean,
): ResolvedRedisStoreOptions {
  const problems = new OptionProblems();
  problems.names(options, NAMES);
  checkWhere(options, problems);
  for (const name of ['closeClient', 'restartGuard', 'allowEviction', 'batching'] as const) {
    problems.flag(name, options[name]);
  }
  const prefix: unknown = options.prefix ?? 'lock';
  if (typeof prefix !== 'string' || prefix === '' || /[{}]/.test(prefix)) {
    problems.add(`prefix (${describeValue(prefix)}) must be a non-empty string without braces; try 'lock'`);
  }
  const maxTtlMs = problems.duration('maxTtl', options.maxTtl, DEFAULT_MAX_TTL_MS, MIN_TTL_MS, MAX_TTL_MS);
  problems.throwIfAny();
  return Object.freeze({
    prefix: prefix as string,
    maxTtlMs: Math.ceil(maxTtlMs),
    restartGuard: options.restartGuard ?? isProduction,
    allowEviction: options.allowEviction ?? false,
    ...(options.batching !== undefined && { batching: options.batching }),
  });
}

function checkWhere(options: RedisStoreOptions, problems: OptionProblems): void {
  const { url, client, cluster, closeClient } = options;
  const named = (['url', 'options', 'cluster', 'client'] as const).filter(
    name => options[name] !== undefined,
  );
  const isUrlWithOptions = named.join() === 'url,options';
  if (named.length === 0) {
    problems.add(
      "url (undefined) must name a Redis, unless options, cluster or client does; try 'redis://127.0.0.1:6379'",
    );
  } else if (named.length > 1 && !isUrlWithOptions) {
    problems.add(`${named.join(' and ')} must not be given together, since each names a Redis; keep one`);
  }
  if (url !== undefined) checkUrl(url, problems);
  if (client !== undefined && !isIoredisClient(client)) {
    problems.add(
      'client must be a Redis or Cluster of ioredis 5 or 6; try new Redis(url), or give url instead',
    );
  }
  if (closeClient === true && client === undefined) {
    problems.add(
      'closeClient (true) is about client, which is not given; remove it, as other connections are closed anyway',
    );
  }
  if (cluster !== undefined && options.batching === true) {
    problems.add('batching (true) is not for a Cluster, where each lease has a slot of its own; remove it');
  }
  if (cluster !== undefined && (!Array.isArray(cluster.nodes) || cluster.nodes.length === 0)) {
    problems.add("cluster.nodes must name at least one node; try [{ host: '127.0.0.1', port: 6379 }]");
  }
}

/** Of ioredis, which takes options from a URL and lets them win over others. */
const NOT_IN_URL: Readonly<Record<string, string>> = {
  keyPrefix: 'give it in options',
  lazyConnect: 'remove it',
  enableOfflineQueue: 'remove it',
  autoResendUnfulfilledCommands: 'remove it',
  maxRetriesPerRequest: 'remove it',
  enableAutoPipelining: 'remove it',
};

function checkUrl(url: unknown, problems: OptionProblems): void {
  if (!isUrl(url, ['redis', 'rediss'])) {
    problems.add(
      `url (${redactUrl(url)}) must start with redis:// or rediss:// and name a host; try 'redis://127.0.0.1:6379'`,
    );
    return;
  }
  for (const name of new Set(new URL(url).searchParams.keys())) {
    const remedy = NOT_IN_URL[name];
    if (remedy !== undefined) problems.add(`url (${redactUrl(url)}) must not set ${name}; ${remedy}`);
  }
}

function isIoredisClient(client: unknown): boolean {
  if (typeof client !== 'object' || client === null) return false;
  const methods = client as Record<string, unknown>;
  return ['evalshaBuffer', 'duplicate', 'disconnect', 'on'].every(
    name => typeof methods[name] === 'function',
  );
}
