import * as ours from './ours.mjs';

export const title = 'ours, withLock';
export const { plainCommands } = ours;

/**
 * As `ours`, by the callback form, which also looks for a lease that this chain of calls holds already.
 *
 * @param {import('./index.mjs').OpenOptions} options
 */
export async function open(options) {
  const contender = await ours.open(options);
  return { ...contender, cycle: key => contender.manager.withLock(key, async () => {}) };
}
