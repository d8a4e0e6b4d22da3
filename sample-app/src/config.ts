const env = process.env;

/** Where this replica listens. */
export const HOST = '127.0.0.1';
export const PORT = Number(env.PORT ?? 3000);
export const URL = `http://${HOST}:${PORT}`;

/** Where leases and orders are kept: `redis`, or the memory of this process. */
export const STORE = env.LOCK_STORE ?? (env.LOCK_REDIS_URL === undefined ? 'memory' : 'redis');

/** How long the payment gateway thinks, in ms. */
export const GATEWAY_MS = Number(env.GATEWAY_MS ?? 300);
