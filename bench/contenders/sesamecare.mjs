import { Redlock } from '@sesamecare-oss/redlock';
import { Redis } from 'ioredis';
import { redlockLike } from './redlock-like.mjs';

export const title = 'sesamecare redlock';
export const plainCommands = [];

/**
 * The maintained fork of redlock 5, likewise with one node and the settings of its README.
 *
 * @param {import('./index.mjs').OpenOptions} options
 */
export async function open(options) {
  const client = new Redis(options.url);
  await client.ping();
  return redlockLike(Redlock, client, options);
}
