import type { DynamicModule, FactoryProvider, Provider } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, ModulesContainer } from '@nestjs/core';
import type { LeadershipLock } from '../core/lease.js';
import { SyncManager } from '../engine/sync-manager.js';
import { DisabledLeadership } from './disabled-leadership.js';
import type { LockEnvironment } from './lock-environment.js';
import { defaultEnvironment } from './lock-environment.js';
import { LockHost } from './lock-host.js';
import { LockLifecycle } from './lock-lifecycle.js';
import type { LockRuntime } from './lock-runtime.js';
import { startRuntime } from './lock-runtime.js';
import type { ASYNC_OPTIONS_TYPE, OPTIONS_TYPE } from './module-definition.js';
import { ConfigurableModuleClass } from './module-definition.js';
import { LEADERSHIP_LOCK, LOCK_ENVIRONMENT, LOCK_HOST, MODULE_OPTIONS, SYNC_MANAGER } from './tokens.js';

const LOCK_RUNTIME = Symbol.for('nestjs-distributed-lock:runtime');
const LOCK_LIFECYCLE = Symbol.for('nestjs-distributed-lock:lifecycle');

const runtimeProvider: FactoryProvider<LockRuntime> = {
  provide: LOCK_RUNTIME,
  useFactory: startRuntime,
  inject: [MODULE_OPTIONS, LOCK_HOST, LOCK_ENVIRONMENT, DiscoveryService, ModulesContainer],
};

const providers: Provider[] = [
  { provide: LOCK_HOST, useFactory: () => new LockHost() },
  { provide: LOCK_ENVIRONMENT, useFactory: defaultEnvironment },
  runtimeProvider,
  {
    provide: LOCK_LIFECYCLE,
    useFactory: (runtime: LockRuntime, host: LockHost, environment: LockEnvironment) =>
      new LockLifecycle(runtime, host, environment),
    inject: [LOCK_RUNTIME, LOCK_HOST, LOCK_ENVIRONMENT],
  },
  { provide: SYNC_MANAGER, useFactory: (runtime: LockRuntime) => runtime.manager, inject: [LOCK_RUNTIME] },
  { provide: SyncManager, useExisting: SYNC_MANAGER },
  {
    provide: LEADERSHIP_LOCK,
    useFactory: (runtime: LockRuntime): LeadershipLock =>
      runtime.campaign ?? new DisabledLeadership(runtime.manager),
    inject: [LOCK_RUNTIME],
  },
];

/**
 * Locks and leadership for a Nest application: the injectable `SyncManager` and `LeadershipLock`, and what `@WithLock()`
 * and `@LeaderOnly()` run on. Register it once, in the root module; it is global.
 *
 * Call `app.enableShutdownHooks()`, so that a stopped replica lets its work end and then frees its keys.
 *
 * @example
 * \@Module({
 *   imports: [
 *     DistributedLockModule.forRoot({ service: 'orders', store: { type: 'redis', url: 'redis://localhost:6379' } }),
 *   ],
 * })
 * class AppModule {}
 */
@Module({})
export class DistributedLockModule extends ConfigurableModuleClass {
  /**
   * Registers the module with options that are known.
   *
   * The application does not start with wrong options: it fails with one `OptionsInvalidError` that names each of them,
   * its value and a remedy.
   */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return complete(super.forRoot(options));
  }

  /**
   * Registers the module with options that other providers supply: by `useFactory`, or by a class that implements
   * `DistributedLockOptionsFactory` with `useClass` or `useExisting`.
   *
   * @example
   * DistributedLockModule.forRootAsync({
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => distributedLockOptionsFromEnv(config),
   * })
   */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return complete(super.forRootAsync(options));
  }
}

function complete(definition: DynamicModule): DynamicModule {
  return {
    ...definition,
    imports: [...(definition.imports ?? []), DiscoveryModule],
    providers: [...(definition.providers ?? []), ...providers],
    exports: [LOCK_HOST, SYNC_MANAGER, SyncManager, LEADERSHIP_LOCK],
  };
}
