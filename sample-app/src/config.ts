import { distributedLockOptionsFromEnv, type StoreConfig } from 'nestjs-distributed-lock';

const env = process.env;

/** Where this replica listens. */
export const HOST = '127.0.0.1';
export const PORT = Number(env.PORT ?? 3000);
export const URL = `http://${HOST}:${PORT}`;

const isStoreNamed = ['LOCK_STORE', 'LOCK_REDIS_URL', 'LOCK_DYNAMODB_TABLE'].some(name => env[name]);

/** Options of the locks, from the environment. Where that names no store, it is the memory of this process. */
export const LOCKS = distributedLockOptionsFromEnv({
  LOCK_DYNAMODB_ENSURE_TABLE: 'true',
  ...env,
  ...(isStoreNamed ? {} : { LOCK_STORE: 'memory' }),
});

/** Where leases are kept, and orders too. */
export const STORE = LOCKS.store as StoreConfig;

// An emulator on this machine takes any region and credentials, and the AWS SDK asks for some
if (/^http:\/\/(localhost|127\.0\.0\.1)[:/]/.test(env.LOCK_DYNAMODB_ENDPOINT ?? '')) {
  env.AWS_REGION ??= 'local';
  env.AWS_ACCESS_KEY_ID ??= 'local';
  env.AWS_SECRET_ACCESS_KEY ??= 'local';
}

/** How long the payment gateway thinks, in ms. */
export const GATEWAY_MS = Number(env.GATEWAY_MS ?? 300);

/** How many shards the replicas share out among themselves; 0 for none. */
export const SHARDS = Number(env.SHARDS ?? 0);
