import type { Cluster, Redis } from 'ioredis';

/** A client of ioredis 5 or 6, as an application makes it. */
export type IoredisClient = Redis | Cluster;

/**
 * The part of an ioredis client that is used here. Spelled out because `Redis` and `Cluster` of versions 5 and 6 agree on
 * it, while the union of their full types can hardly be called.
 */
export interface RedisClient {
  readonly status: string;
  readonly isCluster?: boolean;
  /** A socket, of a client of one server. */
  readonly stream?: {
    destroy(): unknown;
    readonly localAddress?: string;
    readonly localPort?: number;
    readonly remoteAddress?: string;
    readonly remotePort?: number;
  } | null;
  connect(): Promise<void>;
  disconnect(reconnect?: boolean): void;
  duplicate(options?: object): RedisClient;
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
  /** Words in one array, which ioredis takes as it does single ones: many would be copied once more as parameters. */
  evalshaBuffer(sha1: string, keys: number, words: readonly (string | Buffer)[]): Promise<unknown>;
  script(subcommand: 'LOAD', source: string): Promise<unknown>;
  info(section: string): Promise<string>;
  client?(subcommand: 'INFO'): Promise<unknown>;
  scan(cursor: string, ...args: string[]): Promise<[string, string[]]>;
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(...channels: string[]): Promise<unknown>;
  /** Of a Cluster. */
  nodes?(role: 'master'): RedisClient[];
}

/** The servers that keep leases: the masters of a Cluster, or the one server. */
export function mastersOf(client: RedisClient): RedisClient[] {
  return client.isCluster === true && client.nodes !== undefined ? client.nodes('master') : [client];
}

/**
 * Options of a connection that lives once: what happens on it happens at one server process, since it neither reconnects
 * nor sends anything twice.
 */
export function oneConnection(name: string): object {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
    reconnectOnError: null,
    enableReadyCheck: false,
    enableAutoPipelining: false,
    connectTimeout: 5000,
    socketTimeout: 5000,
    keepAlive: 5000,
    disconnectTimeout: 200,
    connectionName: name,
  };
}
