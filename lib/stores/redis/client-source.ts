import type { ClusterOptions, RedisOptions } from 'ioredis';
import { peerMissing } from '../../core/peer-missing.js';
import type { RandomSource } from '../../core/ports.js';
import { redactUrl } from '../../core/redact-url.js';
import type { IoredisClient, RedisClient } from './redis-client.js';
import type { ClientSource } from './redis-connection.js';
import type { RedisStoreOptions } from './redis-store-options.js';

/** The client that the options describe: the application's, or one to be made on first use. */
export function clientSource(options: RedisStoreOptions, random: RandomSource): ClientSource {
  const { client, closeClient = false } = options;
  if (client !== undefined) {
    return {
      isBorrowed: true,
      closes: closeClient,
      target: "the application's client",
      keyPrefix: String(client.options.keyPrefix ?? ''),
      open: async () => asRedisClient(client),
    };
  }
  return {
    isBorrowed: false,
    closes: true,
    target: targetOf(options),
    keyPrefix: ownKeyPrefix(options),
    open: () => makeClient(options, random),
  };
}

async function makeClient(options: RedisStoreOptions, random: RandomSource): Promise<RedisClient> {
  const { Redis, Cluster } = await loadIoredis();
  if (options.cluster !== undefined) {
    const { nodes, options: clusterOptions } = options.cluster;
    return asRedisClient(new Cluster(nodes, ownClusterOptions(clusterOptions)));
  }
  const own = ownOptions(options.options, random);
  return asRedisClient(options.url === undefined ? new Redis(own) : new Redis(options.url, own));
}

/** Loaded only when a store makes a client, so that the package can be installed without ioredis. */
async function loadIoredis(): Promise<Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>> {
  try {
    const loaded = await import('ioredis');
    return 'Redis' in loaded ? loaded : (loaded as { default: typeof import('ioredis') }).default;
  } catch (error) {
    throw peerMissing('Redis', 'ioredis', error);
  }
}

/** Nothing is queued, sent twice, or retried without end; a connection that does not come up is given up. (Silent ones: RedisConnection.) */
function ownOptions(options: RedisOptions | undefined, random: RandomSource): RedisOptions {
  return {
    connectTimeout: 5000,
    keepAlive: 5000,
    disconnectTimeout: 200,
    connectionName: 'lock-store',
    retryStrategy: times => Math.min(50 * 2 ** Math.min(times - 1, 5), 1000) * (0.5 + random.next() / 2),
    ...options,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: false,
  };
}

/**
 * As {@link ownOptions}. The offline queue of a Cluster client stays on, since it is what a command waits in while one
 * node is being connected; commands are sent only while the Cluster is ready, and a node that cannot be connected fails
 * them within `connectTimeout`.
 */
function ownClusterOptions(options: ClusterOptions | undefined): ClusterOptions {
  return {
    ...options,
    lazyConnect: true,
    enableOfflineQueue: true,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    enableAutoPipelining: false,
    redisOptions: {
      connectTimeout: 5000,
      socketTimeout: 2000,
      keepAlive: 5000,
      disconnectTimeout: 200,
      connectionName: 'lock-store',
      ...options?.redisOptions,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
    },
  };
}

function ownKeyPrefix({ options, cluster }: RedisStoreOptions): string {
  return options?.keyPrefix ?? cluster?.options?.keyPrefix ?? cluster?.options?.redisOptions?.keyPrefix ?? '';
}

function targetOf({ url, options, cluster }: RedisStoreOptions): string {
  if (url !== undefined) return redactUrl(url);
  if (cluster !== undefined) return `Cluster ${cluster.nodes.map(describeNode).join(', ')}`;
  if (options?.sentinels) return `Sentinel group '${options.name ?? ''}'`;
  return options?.path ?? `${options?.host ?? 'localhost'}:${options?.port ?? 6379}`;
}

function describeNode(node: unknown): string {
  if (typeof node === 'object' && node !== null) {
    const { host = 'localhost', port = 6379 } = node as { host?: string; port?: number };
    return `${host}:${port}`;
  }
  return redactUrl(node);
}

function asRedisClient(client: IoredisClient): RedisClient {
  return client as unknown as RedisClient;
}
