import { describeValue } from '../core/describe-value.js';
import type { LeaseStore } from '../core/lease-store.js';
import type { OptionProblems } from '../core/option-problems.js';
import type { LockEnvironment } from './lock-environment.js';
import type { StoreConfig } from './module-options.js';
import { addProblemsOf } from './option-checks.js';

const ADVICE =
  "try { type: 'redis', url: 'redis://localhost:6379' }, { type: 'dynamodb', table: 'locks' }, or { type: 'memory' } for development";

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
    problems.add(`store (${describeValue(given)}) must say where leases are kept; ${ADVICE}`);
    return undefined;
  }
  if (!('type' in choice)) {
    if (choice.name === 'memory') checkMemory(nodeEnv, problems);
    return choice;
  }
  try {
    switch (choice.type) {
      case 'memory': {
        problems.names(choice, ['type', 'singleProcess'], 'store.');
        if (choice.singleProcess !== true) checkMemory(nodeEnv, problems);
        const { memoryStore } = await import('../stores/memory/index.js');
        return memoryStore();
      }
      case 'redis': {
        const { type: _, ...options } = choice;
        const { redisStore } = await import('../stores/redis/index.js');
        return redisStore({ logger, ...options } as Parameters<typeof redisStore>[0]);
      }
      case 'dynamodb': {
        const { type: _, ...options } = choice;
        const { dynamoDbStore } = await import('../stores/dynamodb/index.js');
        return dynamoDbStore({ logger, ...options } as Parameters<typeof dynamoDbStore>[0]);
      }
    }
  } catch (error) {
    addProblemsOf(error, problems, 'store.');
    return undefined;
  }
  const { type } = choice as { type: unknown };
  problems.add(
    `store.type (${describeValue(type)}) is not known; use 'memory', 'redis', 'dynamodb', or pass a LeaseStore`,
  );
  return undefined;
}

function checkMemory(nodeEnv: string | undefined, problems: OptionProblems): void {
  if (nodeEnv !== 'production') return;
  problems.add(
    "store ('memory') excludes nobody in another process, and NODE_ENV is 'production'; " +
      "use { type: 'redis', … } or { type: 'dynamodb', … }, or { type: 'memory', singleProcess: true } if the service runs as one process",
  );
}
