import { contenderModule } from '../contenders/index.mjs';

/** What no script can call. */
const NEVER_IN_SCRIPTS =
  /^(eval|evalsha|eval_ro|evalsha_ro|fcall|fcall_ro|s?subscribe|s?unsubscribe|psubscribe|punsubscribe|script\|load|multi|exec|hello|auth)$/;

/**
 * Commands that clients have sent between two looks at Redis. Its own counters include what scripts call, so what scripts can call
 * counts only where the contender says that it sends it outside scripts, and no script of that contender calls it.
 *
 * @param {import('../servers/redis-server.mjs').RedisServer} redis
 * @param {string} contender
 * @returns {Promise<() => Promise<number>>} asks how many there were since
 */
export async function topLevelCalls(redis, contender) {
  const { plainCommands } = await contenderModule(contender);
  const count = calls =>
    [...calls]
      .filter(([name]) => NEVER_IN_SCRIPTS.test(name) || plainCommands.includes(name))
      .reduce((sum, [, number]) => sum + number, 0);
  const before = count(await redis.commandCalls());
  return async () => count(await redis.commandCalls()) - before;
}
