export { redisStore } from './redis-store.js';
export type { RedisLeaseStore } from './redis-lease-store.js';
export type { RedisStoreOptions } from './redis-store-options.js';
export type { IoredisClient } from './redis-client.js';
