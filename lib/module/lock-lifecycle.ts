import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
  OnModuleDestroy,
  OnModuleInit,
} from '@nestjs/common';
import type { Timer } from '../core/ports.js';
import { bindDiscovered } from './host-binding.js';
import type { LockEnvironment } from './lock-environment.js';
import type { LockHost } from './lock-host.js';
import type { LockRuntime } from './lock-runtime.js';

/** `enableShutdownHooks()` of an application context can only be called after its bootstrap; so look a little later. */
const TERMINATION_CHECK_MS = 1000;

/**
 * Ties an application's locks to its life. In the order in which Nest 11 and 12 call:
 *
 * | hook | what ends |
 * |---|---|
 * | onModuleDestroy | campaigns; leader-only calls and those with `ifHeld: 'skip'` |
 * | beforeApplicationShutdown | leader-only work, then leadership |
 * | (the servers close) | requests |
 * | onApplicationShutdown | everything else: work under locks, leases, what the module has opened |
 *
 * One budget, `shutdownTimeout`, runs from the first of them.
 */
export class LockLifecycle
  implements
    OnModuleInit,
    OnApplicationBootstrap,
    OnModuleDestroy,
    BeforeApplicationShutdown,
    OnApplicationShutdown
{
  private deadlineMs: number | undefined;
  private terminationCheck: Timer | undefined;

  constructor(
    private readonly runtime: LockRuntime,
    private readonly host: LockHost,
    private readonly environment: LockEnvironment,
  ) {}

  onModuleInit(): void {
    for (const instance of this.runtime.explorer.decoratedInstances()) bindDiscovered(instance, this.host);
  }

  onApplicationBootstrap(): void {
    const { campaign, hooks } = this.runtime;
    campaign?.start();
    hooks.warnOfUncalled(campaign !== undefined);
    this.terminationCheck = this.environment.clock.startTimer(
      TERMINATION_CHECK_MS,
      () => this.warnOfMissingShutdown(),
      { unref: true },
    );
  }

  onModuleDestroy(): void {
    this.terminationCheck?.cancel();
    this.deadlineMs = this.environment.clock.monotonicMs() + this.runtime.options.shutdownTimeoutMs;
    this.host.stop();
    const { manager, campaign } = this.runtime;
    manager.stopCampaigns();
    campaign?.endCampaign();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.runtime.campaign?.stop({ timeoutMs: this.leftMs() });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.runtime.manager.close({ timeoutMs: this.leftMs() });
    this.host.close();
    this.runtime.endLog();
  }

  private leftMs(): number {
    const nowMs = this.environment.clock.monotonicMs();
    return Math.max(0, (this.deadlineMs ?? nowMs + this.runtime.options.shutdownTimeoutMs) - nowMs);
  }

  private warnOfMissingShutdown(): void {
    if (this.environment.nodeEnv === 'test' || this.environment.handlesTermination()) return;
    this.environment.logger.warn(
      'Nothing handles SIGTERM, so a stopped replica keeps its locks until their TTL is over. Call app.enableShutdownHooks().',
    );
  }
}
