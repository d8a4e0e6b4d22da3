// Jest loads this file without its module mapping, hence the .ts in its imports
import { requireRedisServer } from './redis-binary.ts';
import { defaultRedisServer } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

/** The server of this run; the teardown, which Jest loads apart, finds it here. */
export const sharedServer = globalThis as { lockTestRedis?: RedisServer };

/** One real Redis for all specs, in `LOCK_TEST_REDIS_URL`: the one that is set already, or one of our own. */
export default async function globalSetup(): Promise<void> {
  const given = process.env.LOCK_TEST_REDIS_URL;
  if (!given) requireRedisServer();
  const server = await defaultRedisServer();
  sharedServer.lockTestRedis = server;
  if (given) {
    await server.command('PING').catch((error: Error) => {
      throw new Error(`LOCK_TEST_REDIS_URL (${given}) does not answer: ${error.message}`);
    });
  }
  process.env.LOCK_TEST_REDIS_URL = server.url;
  // What the AWS SDK says of each worker's Node would bury the results
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
}
