import * as ours from './ours.mjs';

export const title = 'ours, restart guard';
export const { plainCommands } = ours;

/**
 * As `ours` with the restart guard of production, under which every acquire looks how long Redis has been up. TTL and `maxTtl`
 * are 1 s, lest the measurement had to wait for a minute after the start of Redis.
 *
 * @param {import('./index.mjs').OpenOptions} options
 */
export function open(options) {
  return ours.open({ ...options, ttlMs: 1000, redis: { restartGuard: true, maxTtl: 1000 } });
}
