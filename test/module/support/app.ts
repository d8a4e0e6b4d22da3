import type { INestApplicationContext, ModuleMetadata, Provider } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import {
  type Clock,
  DistributedLockModule,
  type DistributedLockModuleOptions,
  type LeaseStore,
} from '../../../lib/index.js';
import type { LockEnvironment } from '../../../lib/module/lock-environment.js';
import { LOCK_ENVIRONMENT } from '../../../lib/module/tokens.js';
import { memoryStore } from '../../../lib/stores/memory/index.js';
import { systemClock } from '../../../lib/platform/system-clock.js';
import { systemRandom } from '../../../lib/platform/system-random.js';

/** Lines that a module has logged. */
export class LogLines {
  readonly lines: string[] = [];
  log = (message: string): void => void this.lines.push(`log: ${message}`);
  warn = (message: string): void => void this.lines.push(`warn: ${message}`);
  error = (message: string): void => void this.lines.push(`error: ${message}`);
  debug = (message: string): void => void this.lines.push(`debug: ${message}`);

  count(part: string): number {
    return this.lines.filter(line => line.includes(part)).length;
  }
}

export interface TestAppOptions extends ModuleMetadata {
  lock?: Partial<DistributedLockModuleOptions> & { isGlobal?: boolean };
  store?: LeaseStore;
  clock?: Clock;
  nodeEnv?: string;
  handlesTermination?: boolean;
  log?: LogLines;
}

/** A testing module with locks in memory. */
export function builderOf(options: TestAppOptions): TestingModuleBuilder {
  const {
    lock,
    store = memoryStore(),
    clock = systemClock,
    nodeEnv = 'test',
    log = new LogLines(),
  } = options;
  const environment: LockEnvironment = {
    clock,
    random: systemRandom,
    logger: log,
    nodeEnv,
    handlesTermination: () => options.handlesTermination ?? true,
  };
  return Test.createTestingModule({
    imports: [DistributedLockModule.forRoot({ store, ...lock }), ...(options.imports ?? [])],
    controllers: options.controllers ?? [],
    providers: options.providers ?? [],
  })
    .overrideProvider(LOCK_ENVIRONMENT)
    .useValue(environment)
    .setLogger(new LogLines());
}

const running = new Set<INestApplicationContext>();

/** An initialised application; {@link closeAll} ends it. */
export async function startApp(options: TestAppOptions): Promise<INestApplicationContext> {
  const app = await builderOf(options).compile();
  await app.init();
  running.add(app);
  return app;
}

/** Has {@link closeAll} close an application that was started otherwise. */
export function closeLater<T extends { close(): Promise<void> }>(app: T): T {
  running.add(app as unknown as INestApplicationContext);
  return app;
}

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  const apps = [...running];
  running.clear();
  for (const app of apps) await app.close();
}

/** A global module around providers, such as an application's own. */
export function globalModule(providers: Provider[]): new () => object {
  @Global()
  @Module({ providers, exports: providers })
  class TestGlobalModule {}
  return TestGlobalModule;
}

/** A promise and its resolver. */
export function gate<T = void>(): { promise: Promise<T>; open: (value: T) => void } {
  let open!: (value: T) => void;
  const promise = new Promise<T>(resolve => (open = resolve));
  return { promise, open };
}

/** Lets started promises and immediates run. */
export async function settle(turns = 5): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise(resolve => setImmediate(resolve));
}
