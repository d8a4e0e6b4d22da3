/** Holds a key until it is killed. */
import { SyncManager } from '../../../lib/engine/sync-manager.js';
import { redisStore } from '../../../lib/stores/redis/index.js';

const { REDIS_URL, KEY, TTL } = process.env;
const store = redisStore({ url: REDIS_URL!, restartGuard: false });
const manager = new SyncManager({ store, ttl: Number(TTL), service: 'worker' });
const lease = await manager.acquire(KEY!);
console.log(`acquired ${lease.fencingToken}`);
lease.signal.addEventListener('abort', () => console.log('lost'));
setInterval(() => undefined, 1000);
