import { assertComputedKey, assertKey } from '../../core/keys.js';
import { OptionProblems } from '../../core/option-problems.js';
import { checkCount } from '../../engine/pools/pool-options.js';
import type {
  GuardedMethodDecorator,
  InsteadOfRunning,
  PermitNameFunction,
  WithPermitMethodOptions,
} from './decorator-types.js';
import { guardedMethod } from './guarded-method.js';

/* eslint-disable @typescript-eslint/no-explicit-any -- inference of a method's parameters needs the bivariance of any */

/**
 * Runs an asynchronous method only while it holds one of a number of permits: so many calls at a time among all replicas.
 *
 * A counting semaphore: the permits are the slots of the pool of this name, so that `currentLease()` inside is the lease of the slot, and
 * `currentLease()!.slot` the number of the permit, from 0. Everything else is as with `@WithLock()`.
 *
 * @param name name of the pool, or a function that builds it from the first arguments of the method
 * @param options `permits`: how many; besides those of `@WithLock()`
 * @throws as `@WithLock()`; LockTimeoutError when all permits stay with others for as long as `wait`, unless `ifHeld` says otherwise
 * @throws OptionsInvalidError while decorating: when `permits` is no whole number from 1 to 4096
 * @example
 * \@WithPermit('reports', { permits: 3, wait: '1m' })
 * async render(id: string) {}
 */
export function WithPermit<P extends any[] = [], F extends InsteadOfRunning = 'throw'>(
  name: string | PermitNameFunction<P>,
  options: WithPermitMethodOptions<F>,
): GuardedMethodDecorator<P, F> {
  const { permits, ifHeld, ...lockOptions } = options;
  return guardedMethod<string>({
    decorator: 'WithPermit',
    options: lockOptions,
    ifHeld,
    check: () => {
      if (typeof name !== 'function') assertKey(name);
      const problems = new OptionProblems();
      checkCount('permits', permits, problems);
      problems.throwIfAny();
    },
    keyOf: args => (typeof name === 'function' ? assertComputedKey(name(...(args as P))) : name),
    run: (manager, pool, work) => manager.pool(pool, { slots: permits }).tryWithSlot(lockOptions, work),
  });
}
