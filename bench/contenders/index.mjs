/**
 * What is measured. Each contender is a module of this folder that exports `title`, `plainCommands` and `open`.
 *
 * @typedef {object} OpenOptions
 * @property {string} url of Redis
 * @property {number} [ttlMs] length of a lease; 10 s unless said otherwise
 * @property {number} [waitMs] how long an acquire must be ready to wait; without it, as the library does by default
 *
 * @typedef {object} Contender
 * @property {(key: string) => Promise<unknown>} acquire waits for the key; resolves with what `release` takes
 * @property {(handle: any) => Promise<unknown>} release
 * @property {(key: string) => Promise<unknown>} cycle acquires and releases, as an application would
 * @property {(key: string) => Promise<unknown>} [hold] acquires, and renews until the process ends
 * @property {() => number} [lost] how many held leases it has lost
 * @property {() => number} [renewals] how many renewals succeeded, where that is not the number of commands sent
 * @property {() => Promise<unknown>} close
 *
 * @typedef {object} ContenderModule
 * @property {string} title as tables show it
 * @property {string[]} plainCommands commands that it sends outside scripts and that scripts may use, too
 * @property {(options: OpenOptions) => Promise<Contender>} open
 */

/** @returns {Promise<ContenderModule>} */
export function contenderModule(name) {
  return import(`./${name}.mjs`);
}

/**
 * @param {string} name
 * @param {OpenOptions} options
 */
export async function openContender(name, options) {
  const { open } = await contenderModule(name);
  return open(options);
}

/** @returns {Promise<Record<string, string>>} titles by name */
export async function titlesOf(names) {
  const entries = names.map(async name => [name, (await contenderModule(name)).title]);
  return Object.fromEntries(await Promise.all(entries));
}
