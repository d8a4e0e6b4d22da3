import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { distributedLockOptionsFromEnv } from '../../lib/index.js';
import { resolveModuleOptions } from '../../lib/module/resolve-options.js';
import { silent } from '../support/fixtures.js';
import { anyKey, hostile } from './hostile-values.js';
import { NAMES, orNamed } from './or-named.js';
import { runs } from './runs.js';

/** What a `ConfigService` can have parsed. */
function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}

describe('any value in the environment', () => {
  const suffixes = [
    'STORE',
    'REDIS_URL',
    'REDIS_MAX_TTL',
    'REDIS_RESTART_GUARD',
    'DYNAMODB_TABLE',
    'DYNAMODB_DIALECT',
    'DYNAMODB_SORT_KEY_NAME',
    'DYNAMODB_ENSURE_TABLE',
    'TTL',
    'RENEW_EVERY',
    'WAIT',
    'DRIFT_RATE',
    'LEADERSHIP',
    'LEADERSHIP_TTL',
    'LEADERSHIP_KEY',
    'SERVICE',
    'SHUTDOWN_TIMEOUT',
    'TLL',
    'STOER',
  ];
  const value = fc.oneof(
    fc.constantFrom('memory', 'redis', 'dynamodb', 'redis://h', 'locks', '5s', '1', 'true', 'FALSE', '', ' '),
    fc.string({ unit: 'binary', maxLength: 8 }),
    anyKey,
    hostile.filter(isJson),
  );
  const environment = fc.dictionary(fc.constantFrom(...suffixes.map(name => `LOCK_${name}`)), value, {
    maxKeys: 6,
    noNullPrototype: true,
  });

  // Found by the property below: EnvReader.text() hands JSON.stringify what it cannot write
  it.each([[10n], [[1n]]])('of a service is refused by name where it is %p', async given => {
    await orNamed(() => distributedLockOptionsFromEnv({ get: () => given }), ['LOCK_']);
  });

  it('gives options or an error that names the variable; the options work or are refused by name', async () => {
    let made = 0;
    const property = fc.asyncProperty(environment, fc.boolean(), async (variables, isService) => {
      const env = isService ? { get: (name: string) => variables[name] } : variables;
      const options = await orNamed(() => distributedLockOptionsFromEnv(env as never), ['LOCK_']);
      if (options === undefined) return;
      made += 1;
      const context = {
        environment: { nodeEnv: 'test', logger: silent } as never,
        methods: [],
        hookClasses: [],
      };
      const known = [...NAMES, 'leadership', 'shutdownTimeout'];
      await (await orNamed(() => resolveModuleOptions(options, context), known))?.manager.store.close?.();
    });
    await fc.assert(property, runs(400));
    expect(made).toBeGreaterThan(10);
  });
});
