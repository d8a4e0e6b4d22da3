import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { ConfigModule, ConfigService, registerAs } from '@nestjs/config';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  DistributedLockModule,
  type DistributedLockModuleOptions,
  distributedLockOptionsFromEnv,
  type DistributedLockOptionsFactory,
  LeaderOnly,
  SyncManager,
  SYNC_MANAGER,
  WithLock,
} from '../../lib/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import {
  builderOf,
  closeAll,
  closeLater,
  globalModule,
  startApp,
  type TestAppOptions,
} from './support/app.js';

afterEach(closeAll);

async function managerOf(lockModule: any, imports: any[] = []): Promise<SyncManager> {
  const app = closeLater(await Test.createTestingModule({ imports: [...imports, lockModule] }).compile());
  await app.init();
  return app.get(SyncManager);
}

async function serviceOf(manager: SyncManager): Promise<string | undefined> {
  await using _lease = await manager.acquire('probe');
  return (await manager.inspect('probe'))?.holder?.service;
}

const written = (service: string): DistributedLockModuleOptions => ({ store: { type: 'memory' }, service });

@Injectable()
class OptionsClass implements DistributedLockOptionsFactory {
  createDistributedLockOptions(): DistributedLockModuleOptions {
    return written('by class');
  }
}

describe('DistributedLockModule', () => {
  it('takes options from forRoot', async () => {
    expect(await serviceOf(await managerOf(DistributedLockModule.forRoot(written('direct'))))).toBe('direct');
  });

  it('takes options from forRootAsync by useFactory, useClass and useExisting', async () => {
    const byFactory = DistributedLockModule.forRootAsync({
      imports: [globalModule([{ provide: 'name', useValue: 'by factory' }])],
      inject: ['name'],
      useFactory: async (name: string) => Promise.resolve(written(name)),
    });
    expect(await serviceOf(await managerOf(byFactory))).toBe('by factory');
    const byClass = DistributedLockModule.forRootAsync({ useClass: OptionsClass });
    expect(await serviceOf(await managerOf(byClass))).toBe('by class');
    const byExisting = DistributedLockModule.forRootAsync({
      imports: [globalModule([OptionsClass])],
      useExisting: OptionsClass,
    });
    expect(await serviceOf(await managerOf(byExisting))).toBe('by class');
  });

  it('takes options from @nestjs/config: a ConfigService, and a namespace', async () => {
    const env = { LOCK_STORE: 'memory', LOCK_SERVICE: 'from config', LOCK_TTL: '3s' };
    const config = ConfigModule.forRoot({ ignoreEnvFile: true, isGlobal: true, load: [() => env] });
    const byService = DistributedLockModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (service: ConfigService) => distributedLockOptionsFromEnv(service),
    });
    const manager = await managerOf(byService, [config]);
    expect(await serviceOf(manager)).toBe('from config');
    await using lease = await manager.acquire('k');
    expect(lease.remainingMs).toBeLessThanOrEqual(3000);

    const namespace = registerAs('lock', () => distributedLockOptionsFromEnv(env));
    const byNamespace = DistributedLockModule.forRootAsync(namespace.asProvider());
    expect(await serviceOf(await managerOf(byNamespace, [config]))).toBe('from config');
  });

  it('is global by default, and not with isGlobal: false', async () => {
    @Injectable()
    class User {
      constructor(readonly manager: SyncManager) {}
    }
    @Module({ providers: [User] })
    class Feature {}
    const app = await startApp({ imports: [Feature] });
    expect(app.get(User, { strict: false }).manager).toBe(app.get(SYNC_MANAGER));
    const hidden = builderOf({ imports: [Feature], lock: { isGlobal: false } }).compile();
    await expect(hidden).rejects.toThrow(/Nest can't resolve dependencies of the User/);
    const hiddenAsync = DistributedLockModule.forRootAsync({
      isGlobal: false,
      useFactory: () => written('x'),
    });
    expect(hiddenAsync.global).toBe(false);
  });

  it('is refused twice in one application, also when the second is loaded lazily', async () => {
    const twice = Test.createTestingModule({
      imports: [DistributedLockModule.forRoot(written('a')), DistributedLockModule.forRoot(written('b'))],
    });
    await expect(twice.compile()).rejects.toThrow(
      /LOCK_OPTIONS_INVALID: DistributedLockModule \(registered 2 times\) must be registered once/,
    );
    @Module({ imports: [DistributedLockModule.forRoot(written('c'))] })
    class LazyModule {}
    const app = await startApp({});
    await expect(app.get(LazyModuleLoader).load(() => LazyModule)).rejects.toThrow(/registered 2 times/);
  });

  it('is one when several modules import the same registration', async () => {
    const registration = DistributedLockModule.forRoot(written('one'));
    @Module({ imports: [registration] })
    class Feature {}
    expect(await serviceOf(await managerOf(registration, [Feature]))).toBe('one');
  });

  it('imports the code of a store only when the options name it', async () => {
    const { readFile } = await import('node:fs/promises');
    const files = ['create-store.ts', 'distributed-lock.module.ts', 'lock-runtime.ts', 'module-options.ts'];
    for (const file of files) {
      const source = await readFile(new URL(`../../lib/module/${file}`, import.meta.url), 'utf8');
      expect(source).not.toMatch(/^import .*stores\//m);
    }
  });

  it('closes a store that it could not open, and fails to start', async () => {
    const closed: string[] = [];
    const store = Object.assign(memoryStore(), {
      open: () => Promise.reject(new Error('no such table')),
      close: async () => void closed.push('closed'),
    });
    await expect(builderOf({ store }).compile()).rejects.toThrow('no such table');
    expect(closed).toEqual(['closed']);
  });
});

describe('options are checked together at start-up', () => {
  async function problemsOf(lock: any, more: TestAppOptions = {}): Promise<string> {
    const outcome = await builderOf({ ...more, lock })
      .compile()
      .then(
        app => app.close().then(() => 'started'),
        (error: Error & { code?: string }) => `${error.code}\n${error.message}`,
      );
    return outcome;
  }

  it('and one error names each with value and remedy', async () => {
    class Job {
      @WithLock('job', { ttl: '1s', renewEvery: '900ms' })
      async run(): Promise<void> {}
    }
    const message = await problemsOf(
      {
        store: { type: 'dynamo' },
        ttl: 'soon',
        service: '',
        driftRate: 3,
        shutdowntimeout: '3s',
        shutdownTimeout: '2 weeks',
        leadership: { ttl: '1ms', campain: true },
      },
      { providers: [Job] },
    );
    expect(message).toMatch(/^LOCK_OPTIONS_INVALID/);
    expect(message).toContain(
      "store.type ('dynamo') is not known; use 'memory', 'redis', 'dynamodb', or pass a LeaseStore",
    );
    expect(message).toContain("ttl ('soon') must be a duration; try 5000 (ms) or '5s'");
    expect(message).toMatch(/service \(.*\) must be a non-empty string/);
    expect(message).toContain('driftRate (3) must be a number from 0 to 0.1');
    expect(message).toContain('shutdowntimeout is not an option; did you mean shutdownTimeout?');
    expect(message).toContain("shutdownTimeout ('2 weeks') must be a duration");
    expect(message).toContain("leadership.ttl ('1ms') must be between 50ms and 30d");
    expect(message).toContain('leadership.campain is not an option; did you mean leadership.campaign?');
    expect(message).toContain(
      '@WithLock() on Job.run: renewEvery (900 ms) must be at most half of ttl (1000 ms)',
    );
  });

  it.each<[string, any, RegExp]>([
    [
      'a missing store',
      { store: undefined },
      /store \(undefined\) must say where leases are kept; try \{ type: 'redis'/,
    ],
    [
      'a store that is none',
      { store: { name: 'mine' } },
      /store \(.*\) must be a LeaseStore, it lacks acquire/,
    ],
    ['a redis without place', { store: { type: 'redis' } }, /store\.url \(undefined\) must name a Redis/],
    [
      'a wrong redis url',
      { store: { type: 'redis', url: 'http://x' } },
      /store\.url \(http:\/\/x\/?\) must start with redis:/,
    ],
    [
      'an unknown redis option',
      { store: { type: 'redis', url: 'redis://h', prefx: 'a' } },
      /store\.prefx is not an option; did you mean prefix\?/,
    ],
    [
      'a DynamoDB without table',
      { store: { type: 'dynamodb' } },
      /store\.table \(undefined\) must name a DynamoDB/,
    ],
    [
      'a wrong dialect of DynamoDB rows',
      { store: { type: 'dynamodb', table: 'locks', dialect: 'java' } },
      /store\.dialect \('java'\) must be 'dynamolock' or 'aws-java'/,
    ],
    [
      'an unknown option of DynamoDB',
      { store: { type: 'dynamodb', table: 'locks', endpont: 'http://h' } },
      /store\.endpont is not an option; did you mean endpoint\?/,
    ],
    [
      'a TTL above that of the store',
      { ttl: '2m', renewEvery: '2m', store: { type: 'redis', url: 'redis://127.0.0.1:1' } },
      /ttl \(120000 ms\) exceeds maxTtl \(60000 ms\) of the redis store.*raise maxTtl to '2m'/,
    ],
    [
      'a leadership TTL above that of the store',
      { ttl: '1s', service: 'a', store: { type: 'redis', url: 'redis://127.0.0.1:1', maxTtl: '5s' } },
      /^LOCK_OPTIONS_INVALID\nLOCK_OPTIONS_INVALID: leadership\.ttl \(10000 ms\) exceeds maxTtl \(5000 ms\) of the redis store.*'10s'/,
    ],
    [
      'leadership without service',
      { leadership: { ttl: '5s' } },
      /service \(undefined\) must name the service for the leadership; try 'orders'/,
    ],
    [
      'leadership that is neither object nor false',
      { leadership: true, service: 'a' },
      /leadership \(true\) must be an object or false/,
    ],
    ['a wrong leadership key', { leadership: { key: '' } }, /leadership\.key \(''\) must not be empty/],
  ])('%s', async (_name, lock, expected) => {
    expect(await problemsOf({ ...lock })).toMatch(expected);
  });

  it('what DynamoDB cannot keep is refused in decorators', async () => {
    class Job {
      @WithLock('job', { data: 'x', dataTtl: '1h' })
      async expire(): Promise<void> {}
      @WithLock('job', { attributes: { id: 'x', holder: 'me', region: 'eu' } })
      async describe(): Promise<void> {}
    }
    const store = { type: 'dynamodb', table: 'locks', partitionKey: 'id' };
    const message = await problemsOf({ store }, { providers: [Job] });
    expect(message).toMatch(/@WithLock\(\) on Job\.expire: dataTtl \('1h'\) needs a store with a clock/);
    for (const name of ['id', 'holder'])
      expect(message).toContain(
        `@WithLock() on Job.describe: attributes.${name} is a name that the dynamodb`,
      );
    expect(message).not.toContain('attributes.region');
    expect(await problemsOf({ store: { type: 'memory' } }, { providers: [Job] })).toBe('started');
  });

  it('service is needed once something uses leadership, and the error names it', async () => {
    class Batch {
      @LeaderOnly()
      async run(): Promise<void> {}
    }
    class Hooked {
      onLeadershipAcquired(): void {}
      onLeadershipLost(): void {}
    }
    expect(await problemsOf({}, { providers: [Batch, Hooked] })).toContain(
      "service (undefined) must name the service for the leadership that Batch.run, Hooked need; try 'orders'",
    );
    expect(await problemsOf({}, {})).toBe('started');
    expect(await problemsOf({ leadership: false }, { providers: [Batch] })).toBe('started');
    expect(await problemsOf({ leadership: { key: 'my-leader' } }, { providers: [Batch] })).toBe('started');
  });

  it('memory is refused in production unless singleProcess says that it will do', async () => {
    const nodeEnv = 'production';
    expect(await problemsOf({ store: { type: 'memory' } }, { nodeEnv })).toMatch(
      /store \('memory'\) excludes nobody in another process.*singleProcess: true/,
    );
    expect(await problemsOf({ store: memoryStore() }, { nodeEnv })).toMatch(/excludes nobody/);
    expect(await problemsOf({ store: { type: 'memory', singleProcess: true } }, { nodeEnv })).toBe('started');
    expect(await problemsOf({ store: { type: 'memory' } }, { nodeEnv: 'development' })).toBe('started');
  });

  it('options that are no object are refused', async () => {
    const nothing = DistributedLockModule.forRootAsync({ useFactory: () => undefined as any });
    await expect(managerOf(nothing)).rejects.toThrow(
      /options \(undefined\) must be an object; return the options/,
    );
  });
});
