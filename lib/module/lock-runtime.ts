import type { DiscoveryService, ModulesContainer } from '@nestjs/core';
import { OptionsInvalidError } from '../core/errors.js';
import { SyncManager } from '../engine/sync-manager.js';
import { LeadershipCampaign } from '../leadership/leadership-campaign.js';
import { describeError } from '../core/describe-error.js';
import { EventLog } from './event-log.js';
import { Explorer } from './explorer.js';
import { HookRunner } from './hook-runner.js';
import type { LockEnvironment } from './lock-environment.js';
import type { LockHost } from './lock-host.js';
import type { DistributedLockModuleOptions } from './module-options.js';
import type { ResolvedModuleOptions } from './resolve-options.js';
import { resolveModuleOptions } from './resolve-options.js';
import { LOCK_HOST } from './tokens.js';

/** Everything that one application's locks consist of. */
export interface LockRuntime {
  readonly manager: SyncManager;
  /** `undefined` where leadership is off. */
  readonly campaign: LeadershipCampaign | undefined;
  readonly hooks: HookRunner;
  readonly explorer: Explorer;
  readonly options: ResolvedModuleOptions;
  endLog(): void;
}

/**
 * Starts the locks of an application: checks the options, opens the store, makes the manager and fills the host.
 * @throws OptionsInvalidError when options are wrong, or the module is registered twice
 * @throws StoreRejectedError when the store refuses for a reason that waiting cannot cure
 */
export async function startRuntime(
  written: DistributedLockModuleOptions,
  host: LockHost,
  environment: LockEnvironment,
  discovery: DiscoveryService,
  modules: ModulesContainer,
): Promise<LockRuntime> {
  assertRegisteredOnce(modules);
  const explorer = new Explorer(discovery);
  const options = await resolveModuleOptions(written, {
    environment,
    methods: explorer.decoratedMethods(),
    hookClasses: [
      ...explorer.classesWithMethod('onLeadershipAcquired'),
      ...explorer.classesWithMethod('onLeadershipLost'),
    ],
  });
  const manager = new SyncManager(options.manager, {
    ...environment,
    warnsOfLockOrder: environment.nodeEnv !== 'production',
  });
  const hooks = new HookRunner(explorer, environment.logger);
  const campaign = attachLeadership(manager, options, hooks, environment);
  const log = new EventLog(environment.logger, environment.clock, manager.store.name, campaign?.key);
  const endLog = log.attach(manager);
  try {
    await manager.open();
  } catch (error) {
    await manager.close({ timeoutMs: 0 });
    throw error;
  }
  host.fill(manager);
  host.publish(instance => explorer.owns(instance));
  return { manager, campaign, hooks, explorer, options, endLog };
}

function attachLeadership(
  manager: SyncManager,
  { leadership }: ResolvedModuleOptions,
  hooks: HookRunner,
  { logger }: LockEnvironment,
): LeadershipCampaign | undefined {
  if (leadership === false) return undefined;
  const { service, key, ttlMs, isCampaigning } = leadership;
  const campaign = new LeadershipCampaign(
    manager,
    { service, key, ttl: ttlMs, campaign: isCampaigning, hooks },
    { onCampaignError: error => logger.error(`The campaign for leadership failed: ${describeError(error)}`) },
  );
  manager.attachLeadership(campaign);
  return campaign;
}

function assertRegisteredOnce(modules: ModulesContainer): void {
  const registrations = [...modules.values()].filter(module => module.providers.has(LOCK_HOST)).length;
  if (registrations <= 1) return;
  throw new OptionsInvalidError([
    `DistributedLockModule (registered ${registrations} times) must be registered once in an application; ` +
      `call forRoot in the root module alone: its providers are global`,
  ]);
}
