import { forkTask } from './fork-task.mjs';
import { topLevelCalls } from './top-level-calls.mjs';

/** Acquires at the same time. */
const CONCURRENCY = 1000;

/**
 * Has a process hold leases, and measures while it does nothing else.
 *
 * @param {import('../servers/redis-server.mjs').RedisServer} redis
 * @param {{ contender: string, leases: number, ttlMs: number, idleMs: number, holdMs: number }} options
 * @returns {Promise<Record<string, any>>} `failure` alone where the contender fell over
 */
export async function holdLeases(redis, { contender, leases, ttlMs, idleMs, holdMs }) {
  await redis.flush();
  const job = { contender, url: redis.url, leases, ttlMs, idleMs, holdMs, concurrency: CONCURRENCY };
  const task = forkTask('held', job);
  try {
    const acquireMs = await task.heard('acquired');
    const callsSince = await topLevelCalls(redis, contender);
    const expiredBefore = await redis.expiredKeys();
    await task.say('hold');
    const measured = await task.heard('held');
    const commands = await callsSince();
    const { renewals = commands, cpuUs, heldMs, ...rest } = measured;
    return {
      acquireMs,
      renewals,
      cpuUsPerRenewal: cpuUs / renewals,
      cpuUsPerLeaseAndS: cpuUs / leases / (heldMs / 1000),
      commandsPerS: (commands / heldMs) * 1000,
      expired: (await redis.expiredKeys()) - expiredBefore,
      ...rest,
    };
  } catch (error) {
    return failureOf(contender, error);
  } finally {
    task.end();
  }
}

/** In a line, for the log. */
export function describeHold({ failure, cpuUsPerRenewal, lost, loopDelayMs }) {
  if (failure !== undefined) return failure;
  return `${cpuUsPerRenewal.toFixed(1)} µs per renewal, ${lost} lost, loop delay p99 ${loopDelayMs.p99.toFixed(1)} ms`;
}

/** How many timers are armed at most: in a run of its own, since counting them takes time and memory. */
export async function countTimers(redis, { contender, leases, ttlMs }) {
  await redis.flush();
  const job = { contender, url: redis.url, leases, ttlMs, concurrency: CONCURRENCY };
  const task = forkTask('timers', job);
  try {
    return await task.heard('counted');
  } catch (error) {
    return failureOf(contender, error);
  } finally {
    task.end();
  }
}

/** That another falls over is a result; that ours does is none to go on with. */
function failureOf(contender, error) {
  if (contender === 'ours') throw error;
  return { failure: error.message.split('\n')[0] };
}
