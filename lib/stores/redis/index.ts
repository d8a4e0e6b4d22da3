export { redisStore } from './redis-store.js';
export { RedisLeaseStore } from './redis-lease-store.js';
export type { RedisStoreParts } from './redis-lease-store.js';
export type { RedisStoreOptions, ResolvedRedisStoreOptions } from './redis-store-options.js';
export type { ClientSource } from './redis-connection.js';
export type { IoredisClient, RedisClient } from './redis-client.js';
