import { assertComputedKey, assertKey, assertKeys } from '../../core/keys.js';
import { checkOneData, checkWithLock } from '../../core/options.js';
import { declareHostInjection, findHost } from '../host-binding.js';
import { labelled } from '../option-checks.js';
import { noteDecoratedMethod } from './decorated-methods.js';
import type {
  GuardedMethodDecorator,
  InsteadOfRunning,
  KeyFunction,
  WithLockMethodOptions,
} from './decorator-types.js';
import { assertInsteadOfRunning, insteadOfRunning } from './instead-of-running.js';
import { assertFinished } from './unsupported-result.js';
import { methodLabel, wrapMethod } from './wrap-method.js';

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
  return (target, name, descriptor) => {
    const label = methodLabel(target, name);
    const { ifHeld = 'throw', ...lockOptions } = options;
    checkAtDecoration(key, options, label);
    wrapMethod('@WithLock()', target, name, descriptor, original => {
      const keyOf =
        typeof key === 'function' ? (args: any[]) => computeKey(key, args as P, label) : () => key;
      return async function (this: object, ...args: unknown[]) {
        const host = findHost(this, label);
        const lockKey = keyOf(args);
        if (ifHeld === 'skip' && host.isShuttingDown) return undefined;
        const outcome = await host.manager.tryWithLock(lockKey, lockOptions, async () =>
          assertFinished(await original.apply(this, args), label),
        );
        if (outcome.ran) return outcome.value;
        return insteadOfRunning(ifHeld, outcome.error, this, args);
      };
    });
    noteDecoratedMethod(target, { decorator: 'WithLock', label, options: lockOptions });
    declareHostInjection(target);
  };
}

function checkAtDecoration(key: unknown, options: WithLockMethodOptions, label: string): void {
  labelled(label, () => {
    if (Array.isArray(key)) checkOneData(assertKeys(key), options);
    else if (typeof key !== 'function') assertKey(key);
    checkWithLock(options);
  });
  if (options.ifHeld !== undefined) assertInsteadOfRunning('ifHeld', options.ifHeld, label);
}

function computeKey<P extends any[]>(
  keyFunction: KeyFunction<P>,
  args: P,
  label: string,
): string | readonly string[] {
  return labelled(label, () => {
    const key: unknown = keyFunction(...args);
    if (!Array.isArray(key)) return assertComputedKey(key);
    assertKeys(key);
    return key.map(assertComputedKey);
  });
}
