import { checkWithLock, type WithLockOptions } from '../../core/options.js';
import type { LockedRun } from '../../engine/acquisitions.js';
import type { SyncManager } from '../../engine/sync-manager.js';
import { declareHostInjection, findHost } from '../host-binding.js';
import { labelled } from '../option-checks.js';
import { noteDecoratedMethod } from './decorated-methods.js';
import type { GuardedMethodDecorator, InsteadOfRunning } from './decorator-types.js';
import { assertInsteadOfRunning, insteadOfRunning } from './instead-of-running.js';
import { assertFinished } from './unsupported-result.js';
import { methodLabel, wrapMethod } from './wrap-method.js';

/** What a method is run under: where the decorators differ. */
export interface Guard<Key> {
  readonly decorator: 'WithLock' | 'WithPermit';
  readonly options: WithLockOptions;
  readonly ifHeld: InsteadOfRunning | undefined;
  /** What is written where the method is decorated. @throws OptionsInvalidError */
  check(): void;
  /** What a call with these arguments needs. @throws OptionsInvalidError */
  keyOf(args: unknown[]): Key;
  run(manager: SyncManager, key: Key, work: () => Promise<unknown>): Promise<LockedRun<unknown>>;
}

/** @returns a decorator whose methods run only while they hold what `guard` says, and are never run without it */
export function guardedMethod<Key>(guard: Guard<Key>): GuardedMethodDecorator<never[], never> {
  const { decorator, options, ifHeld = 'throw' } = guard;
  return (target: object, name: string | symbol, descriptor: PropertyDescriptor) => {
    const label = methodLabel(target, name);
    labelled(label, () => {
      guard.check();
      checkWithLock(options);
    });
    assertInsteadOfRunning('ifHeld', ifHeld, label);
    wrapMethod(`@${decorator}()`, target, name, descriptor, original => {
      return async function (this: object, ...args: unknown[]) {
        const host = findHost(this, label);
        const key = labelled(label, () => guard.keyOf(args));
        if (ifHeld === 'skip' && host.isShuttingDown) return undefined;
        const outcome = await guard.run(host.manager, key, async () =>
          assertFinished(await original.apply(this, args), label),
        );
        if (outcome.ran) return outcome.value;
        return insteadOfRunning(ifHeld, outcome.error, this, args);
      };
    });
    noteDecoratedMethod(target, { decorator, label, options });
    declareHostInjection(target);
  };
}
