import { Redis } from 'ioredis';
import Redlock from 'redlock';
import { redlockLike } from './redlock-like.mjs';

export const title = 'redlock 5';
export const plainCommands = [];

/**
 * One node, settings of its README: asks again after 200 ± 200 ms, up to 10 times unless told to wait longer.
 *
 * @param {import('./index.mjs').OpenOptions} options
 */
export async function open(options) {
  const client = new Redis(options.url);
  await client.ping();
  return redlockLike(Redlock, client, options);
}
