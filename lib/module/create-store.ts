import type { LeaseStore } from '../core/lease-store.js';
import type { OptionProblems } from '../core/options.js';
import type { LockLogger } from '../core/ports.js';
import type { LockEnvironment } from './lock-environment.js';
import type { StoreConfig } from './module-options.js';
import { addProblemsOf, checkNames } from './option-checks.js';

const CONFIG_NAMES = {
  memory: ['type', 'singleProcess'],
  redis: [
    'type',
    'url',
    'client',
    'options',
    'cluster',
    'prefix',
    'maxTtl',
    'restartGuard',
    'allowEviction',
    'closeClient',
  ],
} as const;

const ADVICE = "try { type: 'redis', url: 'redis://localhost:6379' }, or { type: 'memory' } for development";

/**
 * The store that the options name. Its code is loaded only now, so that an application needs the packages of its own
 * store alone.
 *
 * @param problems takes what is wrong with the choice
 * @returns `undefined` where something is
 */
export async function createStore(
  choice: StoreConfig | LeaseStore,
  { nodeEnv, logger }: Pick<LockEnvironment, 'nodeEnv' | 'logger'>,
  problems: OptionProblems,
): Promise<LeaseStore | undefined> {
  const given: unknown = choice;
  if (typeof given !== 'object' || given === null) {
    problems.add(`store (${String(given)}) must say where leases are kept; ${ADVICE}`);
    return undefined;
  }
  if (!('type' in choice)) {
    if (choice.name === 'memory') checkMemory(nodeEnv, problems);
    return choice;
  }
  if (!Object.hasOwn(CONFIG_NAMES, choice.type)) {
    const known = Object.keys(CONFIG_NAMES).map(name => `'${name}'`);
    problems.add(
      `store.type ('${String(choice.type)}') is not known; use ${known.join(', ')}, or pass a LeaseStore`,
    );
    return undefined;
  }
  checkNames(choice, CONFIG_NAMES[choice.type], 'store.', problems);
  try {
    if (choice.type === 'memory' && choice.singleProcess !== true) checkMemory(nodeEnv, problems);
    return await load(choice, logger);
  } catch (error) {
    addProblemsOf(error, problems, 'store.');
    return undefined;
  }
}

async function load(config: StoreConfig, logger: LockLogger): Promise<LeaseStore> {
  switch (config.type) {
    case 'memory': {
      const { memoryStore } = await import('../stores/memory/index.js');
      return memoryStore();
    }
    case 'redis': {
      const { redisStore } = await import('../stores/redis/index.js');
      const names = CONFIG_NAMES.redis.filter(name => name !== 'type' && config[name] !== undefined);
      const options = Object.fromEntries(names.map(name => [name, config[name]]));
      return redisStore({ ...options, logger });
    }
  }
}

function checkMemory(nodeEnv: string | undefined, problems: OptionProblems): void {
  if (nodeEnv !== 'production') return;
  problems.add(
    "store ('memory') excludes nobody in another process, and NODE_ENV is 'production'; " +
      "use { type: 'redis', … }, or { type: 'memory', singleProcess: true } if the service runs as one process",
  );
}
