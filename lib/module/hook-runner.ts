import type { Lease } from '../core/lease.js';
import type { LockLogger } from '../core/ports.js';
import type { LeadershipHooks } from '../leadership/leadership-campaign.js';
import { describeError } from '../core/describe-error.js';
import type { Explorer } from './explorer.js';
import { hasAcquiredHook, hasLostHook } from './leadership-hooks.js';

/** Runs the leadership hooks of an application's providers, of all those that exist at that time. */
export class HookRunner implements LeadershipHooks {
  constructor(
    private readonly explorer: Explorer,
    private readonly logger: LockLogger,
  ) {}

  /** Rejects when one of the hooks does, after all have ended. */
  async onAcquired(lease: Lease): Promise<void> {
    const { instances } = this.explorer.instancesWith(hasAcquiredHook);
    const failed = await this.run('onLeadershipAcquired', instances, hook =>
      hook.onLeadershipAcquired(lease),
    );
    if (failed.length === 0) return;
    this.logger.error('A hook of the new leader failed, so it resigns.');
    throw new AggregateError(failed, 'a leadership hook failed');
  }

  /** Never rejects. */
  async onLost(): Promise<void> {
    const { instances } = this.explorer.instancesWith(hasLostHook);
    await this.run('onLeadershipLost', instances, hook => hook.onLeadershipLost());
  }

  /** Warns of hooks that will never be called. */
  warnOfUncalled(isLeadershipOn: boolean): void {
    const found = [this.explorer.instancesWith(hasAcquiredHook), this.explorer.instancesWith(hasLostHook)];
    const uncalled = new Map<string, string>();
    for (const { instances, shortLived } of found) {
      for (const name of shortLived) {
        uncalled.set(name, 'it is request-scoped or transient; move them to a provider of default scope');
      }
      if (isLeadershipOn) continue;
      for (const instance of instances) {
        uncalled.set(
          instance.constructor.name,
          'leadership is off; set service, and do not set leadership: false',
        );
      }
    }
    for (const [name, why] of uncalled) {
      this.logger.warn(`The leadership hooks of ${name} are never called, since ${why}.`);
    }
  }

  private async run<T extends object>(
    hook: string,
    instances: readonly T[],
    call: (instance: T) => void | Promise<void>,
  ): Promise<unknown[]> {
    const failed: unknown[] = [];
    await Promise.all(
      instances.map(async instance => {
        try {
          await call(instance);
        } catch (error) {
          failed.push(error);
          this.logger.error(`${instance.constructor.name}.${hook} failed: ${describeError(error)}`);
        }
      }),
    );
    return failed;
  }
}
