import { assertComputedKey, assertKey, assertKeys } from '../../core/keys.js';
import { checkOneData } from '../../core/options.js';
import type {
  GuardedMethodDecorator,
  InsteadOfRunning,
  KeyFunction,
  WithLockMethodOptions,
} from './decorator-types.js';
import { guardedMethod } from './guarded-method.js';

/* eslint-disable @typescript-eslint/no-explicit-any -- inference of a method's parameters needs the bivariance of any */

/**
 * Runs an asynchronous method only while it holds a key, or all of several keys: one call at a time among all replicas.
 *
 * Inside the method `currentLease()` is the lease (of several keys, that of the first, whose signal speaks for all, and
 * `currentLease(key)` that of another); pass its `signal` to what the method awaits, and its `fencingToken`
 * to the resource that it writes. The key is released when the method has ended. The method is **never** run without the
 * key: without a manager, or with a store that does not answer, the call rejects. What the method throws passes through
 * untouched.
 *
 * It works on providers, controllers, gateways and resolvers of any scope, above or below other decorators.
 *
 * @param key the key, several of them, or a function that builds it or them from the first arguments of the method
 * @param options as of `SyncManager.withLock`, besides `ifHeld` and `onLost`; what is absent comes from the module
 * @throws LockTimeoutError when the key stays with another for as long as `wait`, unless `ifHeld` says otherwise
 * @throws LockHeldError as above, with `wait: false`
 * @throws LockLostError when the lease was lost before the method ended, unless `onLost` is `'ignore'`
 * @throws StoreUnavailableError when the store gives no answer
 * @throws SelfDeadlockError when the call is made under the same key, unless `ifNested` is `'join'`
 * @throws UnsupportedResultError when the method answers an Observable, a stream or an async iterable
 * @throws ManagerMissingError when the instance belongs to no application, and `bindLocks` was not called
 * @throws OptionsInvalidError when the key is empty or was built from a missing argument; while decorating: when the
 *   method is static, or an option is malformed
 * @example
 * \@WithLock((orderId: string) => `order:${orderId}`, { ttl: '30s', wait: '5s' })
 * async pay(orderId: string) {
 *   await gateway.charge(orderId, { signal: currentLease()!.signal });
 * }
 * @example
 * \@WithLock((from: string, to: string) => [`account:${from}`, `account:${to}`])
 * async transfer(from: string, to: string, cents: number) {}
 */
export function WithLock<P extends any[] = [], F extends InsteadOfRunning = 'throw'>(
  key: string | readonly string[] | KeyFunction<P>,
  options: WithLockMethodOptions<F> = {},
): GuardedMethodDecorator<P, F> {
  const { ifHeld, ...lockOptions } = options;
  return guardedMethod<string | readonly string[]>({
    decorator: 'WithLock',
    options: lockOptions,
    ifHeld,
    check: () => {
      if (Array.isArray(key)) checkOneData(assertKeys(key), options);
      else if (typeof key !== 'function') assertKey(key);
    },
    keyOf: args => (typeof key === 'function' ? computedKey(key(...(args as P))) : key),
    run: (manager, keys, work) => manager.tryWithLock(keys, lockOptions, work),
  });
}

function computedKey(key: unknown): string | readonly string[] {
  if (!Array.isArray(key)) return assertComputedKey(key);
  assertKeys(key);
  return key.map(assertComputedKey);
}
