import { describeValue } from '../../core/describe-value.js';
import { parseDuration } from '../../core/duration.js';
import { NotLeaderError, OptionsInvalidError } from '../../core/errors.js';
import { declareHostInjection, findHost } from '../host-binding.js';
import { noteDecoratedMethod } from './decorated-methods.js';
import type { GuardedMethodDecorator, InsteadOfRunning, LeaderOnlyOptions } from './decorator-types.js';
import { assertInsteadOfRunning, insteadOfRunning } from './instead-of-running.js';
import { assertFinished } from './unsupported-result.js';
import { methodLabel, wrapMethod } from './wrap-method.js';

const DEFAULT_WAIT_MS = 5000;

/**
 * Runs an asynchronous method only on the replica that leads.
 *
 * Inside the method `currentLease()` is the leadership lease. Leadership is not released before the method has ended.
 * From the start of shutdown on it is not run any more. Calls are not exclusive among each other: the leader runs as
 * many at a time as are made. What the method throws passes through untouched, unless leadership was lost meanwhile.
 *
 * @param options what a call answers elsewhere (`otherwise`, by default it skips), and how long it waits for the first
 *   election (`wait`, by default 5 s)
 * @throws NotLeaderError with `otherwise: 'throw'`
 * @throws LockLostError when leadership was lost before the method ended
 * @throws UnsupportedResultError when the method answers an Observable, a stream or an async iterable
 * @throws ManagerMissingError when the instance belongs to no application, and `bindLocks` was not called
 * @throws OptionsInvalidError when leadership is off; while decorating: when the method is static, or an option is malformed
 * @example
 * \@Cron(CronExpression.EVERY_MINUTE)
 * \@LeaderOnly()
 * async sweep() {}
 */
export function LeaderOnly<F extends InsteadOfRunning = 'skip'>(
  options: LeaderOnlyOptions<F> = {},
): GuardedMethodDecorator<[], F> {
  return (target, name, descriptor) => {
    const label = methodLabel(target, name);
    const otherwise: InsteadOfRunning = options.otherwise ?? 'skip';
    assertInsteadOfRunning('otherwise', otherwise, label);
    const waitMs = resolveWait(options.wait, label);
    wrapMethod('@LeaderOnly()', target, name, descriptor, original => {
      return async function (this: object, ...args: unknown[]) {
        const host = findHost(this, label);
        const { leadership } = host.manager;
        if (host.isShuttingDown) {
          return insteadOfRunning(otherwise, new NotLeaderError(leadership.key), this, args);
        }
        const outcome = await leadership.runAsLeader({ waitMs }, async () =>
          assertFinished(await original.apply(this, args), label),
        );
        if (outcome.ran) return outcome.value;
        return insteadOfRunning(otherwise, outcome.error, this, args);
      };
    });
    noteDecoratedMethod(target, { decorator: 'LeaderOnly', label });
    declareHostInjection(target);
  };
}

function resolveWait(wait: unknown, label: string): number {
  if (wait === undefined) return DEFAULT_WAIT_MS;
  if (wait === false) return 0;
  const waitMs = parseDuration(wait);
  if (waitMs !== undefined && waitMs !== Infinity) return waitMs;
  throw new OptionsInvalidError([
    `wait (${describeValue(wait)}) of ${label} must be a bounded duration or false; try '5s'`,
  ]);
}
