import { cycles } from './cycles.mjs';
import { dynamodb } from './dynamodb.mjs';
import { handoff } from './handoff.mjs';
import { heldGrowth } from './held-growth.mjs';
import { heldLong } from './held-long.mjs';
import { held } from './held.mjs';
import { memory } from './memory.mjs';
import { processes } from './processes.mjs';
import { waiters } from './waiters.mjs';

/**
 * @typedef {object} Bench what a scenario measures with
 * @property {import('../servers/redis-server.mjs').RedisServer} redis
 * @property {ReturnType<typeof import('../settings.mjs').settings>} settings
 * @property {(text: string) => void} log
 */

/**
 * By name, in the order in which they run. Each resolves with what `report/sections/<name>.mjs` shows: plain data, by round.
 *
 * @type {Record<string, (bench: Bench) => Promise<object>>}
 */
export const SCENARIOS = {
  cycles,
  handoff,
  held,
  'held-growth': heldGrowth,
  'held-long': heldLong,
  waiters,
  processes,
  memory,
  dynamodb,
};

/** Too long to run unasked. */
export const ONLY_LONG = ['held-long'];
