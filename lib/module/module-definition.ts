import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { DistributedLockModuleOptions } from './module-options.js';
import { MODULE_OPTIONS } from './tokens.js';

/** What both forms of registration take besides the options. */
export interface DistributedLockModuleExtras {
  /** Whether every module of the application sees the providers without importing this one. @default true */
  isGlobal?: boolean;
}

const DEFAULTS: DistributedLockModuleExtras = { isGlobal: true };

/** The base of `DistributedLockModule`, and the types of what its `forRoot` and `forRootAsync` take. */
export const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<DistributedLockModuleOptions>({ optionsInjectionToken: MODULE_OPTIONS })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createDistributedLockOptions')
    .setExtras(DEFAULTS, (definition, extras) => ({ ...definition, global: extras.isGlobal ?? true }))
    .build();
