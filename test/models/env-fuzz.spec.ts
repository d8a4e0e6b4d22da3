import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { distributedLockOptionsFromEnv } from '../../lib/index.js';
import { anyKey, hostile } from './hostile-values.js';
import { moduleWorks, orNamed } from './or-named.js';
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
    ...'STORE REDIS_URL REDIS_MAX_TTL REDIS_RESTART_GUARD DYNAMODB_TABLE DYNAMODB_DIALECT'.split(' '),
    ...'DYNAMODB_SORT_KEY_NAME DYNAMODB_ENSURE_TABLE TTL RENEW_EVERY WAIT DRIFT_RATE'.split(' '),
    ...'LEADERSHIP LEADERSHIP_TTL LEADERSHIP_KEY SERVICE SHUTDOWN_TIMEOUT TLL STOER'.split(' '),
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

  // Found by the property below
  it.each([[10n], [[1n]]])('of a service is refused by name where it is %p', async given => {
    const options = await orNamed(() => distributedLockOptionsFromEnv({ get: () => given }), ['LOCK_']);
    expect(options).toBeUndefined();
  });

  it('gives options or an error that names the variable; the options work or are refused by name', async () => {
    let made = 0;
    const property = fc.asyncProperty(environment, fc.boolean(), async (variables, isService) => {
      const env = isService ? { get: (name: string) => variables[name] } : variables;
      const options = await orNamed(() => distributedLockOptionsFromEnv(env as never), ['LOCK_']);
      if (options === undefined) return;
      made += 1;
      await moduleWorks(options);
    });
    await fc.assert(property, runs(1500));
    expect(made).toBeGreaterThan(10);
  });
});
