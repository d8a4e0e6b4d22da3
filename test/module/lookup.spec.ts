import { afterEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { ContextIdFactory, LazyModuleLoader, ModuleRef } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  bindLocks,
  currentLease,
  DistributedLockModule,
  InjectLeadershipLock,
  InjectSyncManager,
  LEADERSHIP_LOCK,
  type LeadershipLock,
  SyncManager,
  SYNC_MANAGER,
  WithLock,
} from '../../lib/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { builderOf, closeAll, closeLater, globalModule, startApp } from './support/app.js';

afterEach(closeAll);

/** Tells which manager guards it: each manager here has a service name of its own. */
@Injectable()
class Guarded {
  @WithLock('guarded')
  async who(): Promise<string | undefined> {
    return whoHolds(this);
  }
}

const managers = new Map<string, SyncManager>();
async function whoHolds(_instance: object): Promise<string | undefined> {
  for (const manager of managers.values()) {
    const record = await manager.inspect(currentLease()!.key);
    if (record?.owner === currentLease()!.owner) return record.holder?.service;
  }
  return undefined;
}

async function start(service: string, metadata: Parameters<typeof startApp>[0]) {
  const app = await startApp({ ...metadata, lock: { service, leadership: false, ...metadata.lock } });
  managers.set(service, app.get<SyncManager>(SYNC_MANAGER));
  return app;
}
afterEach(() => managers.clear());

describe('a decorated method finds the manager of its application', () => {
  it('through the injected host, with two applications in one process', async () => {
    const one = await start('one', { providers: [Guarded] });
    const two = await start('two', { providers: [Guarded] });
    expect(await one.get(Guarded).who()).toBe('one');
    expect(await two.get(Guarded).who()).toBe('two');
  });

  it('when its class injects properties of its own', async () => {
    @Injectable()
    class WithProperty extends Guarded {
      @Inject('setting') setting!: string;
      @InjectSyncManager() manager!: SyncManager;
    }
    const providers = [WithProperty, { provide: 'setting', useValue: 'on' }];
    await start('other', {});
    const app = await start('one', { providers });
    expect(app.get(WithProperty).setting).toBe('on');
    expect(app.get(WithProperty).manager).toBe(app.get(SYNC_MANAGER));
    expect(await app.get(WithProperty).who()).toBe('one');
  });

  it('when request-scoped', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Guarded {}
    await start('other', {});
    const app = await start('one', { providers: [PerRequest] });
    const first = await app.resolve(PerRequest, ContextIdFactory.create());
    const second = await app.resolve(PerRequest, ContextIdFactory.create());
    expect(first).not.toBe(second);
    expect(await Promise.all([first.who(), second.who()])).toEqual(['one', 'one']);
  });

  it('when request-scoped by what it injects', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Request {}
    @Injectable()
    class Bubbled extends Guarded {
      constructor(readonly request: Request) {
        super();
      }
    }
    await start('other', {});
    const app = await start('one', { providers: [Request, Bubbled] });
    const bubbled = await app.resolve(Bubbled, ContextIdFactory.create());
    expect(bubbled.request).toBeInstanceOf(Request);
    expect(await bubbled.who()).toBe('one');
  });

  it('when transient', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient extends Guarded {}
    @Injectable()
    class User {
      constructor(readonly transient: Transient) {}
    }
    await start('other', {});
    const app = await start('one', { providers: [Transient, User] });
    expect(await app.get(User).transient.who()).toBe('one');
    expect(await (await app.resolve(Transient)).who()).toBe('one');
  });

  it('when created by ModuleRef', async () => {
    await start('other', {});
    const app = await start('one', {});
    const created = await app.get(ModuleRef).create(Guarded);
    expect(await created.who()).toBe('one');
  });

  it('when loaded lazily', async () => {
    @Module({
      providers: [Guarded, { provide: 'made', useFactory: () => new Guarded() }],
      exports: [Guarded, 'made'],
    })
    class LazyModule {}
    await start('other', {});
    const app = await start('one', {});
    const lazy = await app.get(LazyModuleLoader).load(() => LazyModule);
    expect(await lazy.get(Guarded).who()).toBe('one');
    expect(await lazy.get<Guarded>('made').who()).toBe('one');
  });

  it('when made by useFactory, useValue or overrideProvider, with two applications', async () => {
    const store = memoryStore();
    class Base {
      async who(): Promise<string | undefined> {
        return 'not overridden';
      }
    }
    await start('other', { providers: [{ provide: 'made', useFactory: () => new Guarded() }] });
    const providers = [
      { provide: 'made', useFactory: async () => new Guarded() },
      { provide: 'value', useValue: new Guarded() },
      { provide: 'alias', useExisting: 'made' },
      Base,
    ];
    const builder = builderOf({ providers, store, lock: { service: 'one', leadership: false } });
    const app = closeLater(await builder.overrideProvider(Base).useValue(new Guarded()).compile());
    await app.init();
    managers.set('one', app.get(SYNC_MANAGER));
    for (const token of ['made', 'value', 'alias', Base]) {
      expect(await app.get<Guarded>(token).who()).toBe('one');
    }
  });

  it('when overrideProvider replaces its class, or replaces a class by it', async () => {
    class Base {}
    await start('other', {});
    const builder = builderOf({ providers: [Base], lock: { service: 'one' } });
    const app = closeLater(await builder.overrideProvider(Base).useClass(Guarded).compile());
    await app.init();
    managers.set('one', app.get(SYNC_MANAGER));
    expect(await app.get<Guarded>(Base).who()).toBe('one');
  });

  it('before init and from onModuleInit of others', async () => {
    let seen: string | undefined;
    @Injectable()
    class Early {
      constructor(
        private readonly guarded: Guarded,
        @InjectSyncManager() manager: SyncManager,
      ) {
        managers.set('one', manager);
      }
      async onModuleInit(): Promise<void> {
        seen = await this.guarded.who();
      }
    }
    await start('other', {});
    await start('one', { providers: [Guarded, Early] });
    expect(seen).toBe('one');
  });

  it('as the only one in the process: new X() inside a provider, request-scoped factories', async () => {
    @Injectable()
    class Maker {
      make = (): Guarded => new Guarded();
    }
    const scoped = { provide: 'scoped', useFactory: () => new Guarded(), scope: Scope.REQUEST };
    const app = await start('one', { providers: [Maker, scoped] });
    expect(await app.get(Maker).make().who()).toBe('one');
    expect(await (await app.resolve<Guarded>('scoped')).who()).toBe('one');
  });

  it('in a module that does not see the lock module, when that is not global', async () => {
    @Module({ providers: [Guarded], exports: [Guarded] })
    class Hidden {}
    await start('other', {});
    const app = await start('one', { imports: [Hidden], lock: { isGlobal: false } });
    expect(await app.get(Guarded).who()).toBe('one');
  });

  it('through a proxy around the instance', async () => {
    await start('other', {});
    const app = await start('one', { providers: [Guarded] });
    expect(await new Proxy(app.get(Guarded), {}).who()).toBe('one');
    expect(await (Object.create(app.get(Guarded)) as Guarded).who()).toBe('one');
  });

  it('by bindLocks, before anything else', async () => {
    const app = await start('one', { providers: [Guarded] });
    const manager = new SyncManager({ store: memoryStore(), service: 'bound' });
    managers.set('bound', manager);
    expect(await bindLocks(app.get(Guarded), manager).who()).toBe('bound');
    expect(await bindLocks(new Guarded(), manager).who()).toBe('bound');
    await manager.close();
    await expect(app.get(Guarded).who()).rejects.toMatchObject({ code: 'LOCK_MANAGER_CLOSED' });
  });

  it('leaves no trace on instances that loops, logs or comparisons would show', async () => {
    const app = await start('one', { providers: [Guarded] });
    expect(Object.keys(app.get(Guarded))).toEqual([]);
    expect(Object.getOwnPropertySymbols({ ...app.get(Guarded) })).toEqual([]);
    expect(app.get(Guarded)).toEqual(new Guarded());
  });
});

describe('inheritance', () => {
  it('guards inherited, overridden and super-calling methods by the decorators of each', async () => {
    const log: string[] = [];
    @Injectable()
    class Base {
      @WithLock('base')
      async inherited(): Promise<void> {
        log.push(`inherited:${currentLease()!.key}`);
      }
      @WithLock('base')
      async calledBySuper(): Promise<void> {
        log.push(`base:${currentLease()!.key}`);
      }
      @WithLock('base')
      async overridden(): Promise<void> {
        log.push('never');
      }
    }
    @Injectable()
    class Sub extends Base {
      @WithLock('sub')
      override async calledBySuper(): Promise<void> {
        log.push(`sub:${currentLease()!.key}`);
        await super.calledBySuper();
        log.push(`sub again:${currentLease()!.key}`);
      }
      override async overridden(): Promise<void> {
        log.push(`unguarded:${currentLease()?.key}`);
      }
    }
    await start('other', {});
    const app = await start('one', { providers: [Sub] });
    await app.get(Sub).inherited();
    await app.get(Sub).calledBySuper();
    await app.get(Sub).overridden();
    expect(log).toEqual(['inherited:base', 'sub:sub', 'base:base', 'sub again:sub', 'unguarded:undefined']);
  });
});

describe('an options factory that injects a decorated provider', () => {
  it('starts, and the provider is guarded by the manager that it helped to configure', async () => {
    @Injectable()
    class Settings extends Guarded {
      service = 'configured';
    }
    const lockModule = DistributedLockModule.forRootAsync({
      inject: [Settings],
      useFactory: (settings: Settings) => ({
        store: memoryStore(),
        service: settings.service,
        leadership: false,
      }),
    });
    const testing = Test.createTestingModule({ imports: [globalModule([Settings]), lockModule] });
    const app = closeLater(await testing.compile());
    await app.init();
    managers.set('configured', app.get(SYNC_MANAGER));
    expect(await app.get(Settings).who()).toBe('configured');
  });

  it('is told why a guarded method cannot be called there', async () => {
    const lockModule = DistributedLockModule.forRootAsync({
      inject: [Guarded],
      useFactory: async (guarded: Guarded) => ({ store: memoryStore(), service: await guarded.who() }),
    });
    const testing = Test.createTestingModule({ imports: [globalModule([Guarded]), lockModule] });
    await expect(testing.compile()).rejects.toThrow(
      /LOCK_MANAGER_MISSING: .*Guarded\.who, so it was not run\. The manager of its application does not exist yet/,
    );
  });
});

describe('a decorated method without a manager is not run (#27)', () => {
  it('outside Nest', async () => {
    await expect(new Guarded().who()).rejects.toThrow(
      /LOCK_MANAGER_MISSING: no SyncManager was found for Guarded\.who, so it was not run\. Import DistributedLockModule\.forRoot.*bindLocks/,
    );
  });

  it('in an application without the module', async () => {
    const app = closeLater(await Test.createTestingModule({ providers: [Guarded] }).compile());
    await app.init();
    await expect(app.get(Guarded).who()).rejects.toMatchObject({ code: 'LOCK_MANAGER_MISSING' });
  });

  it('when two applications run and none has built the instance', async () => {
    await start('one', {});
    await start('two', {});
    await expect(new Guarded().who()).rejects.toThrow(/2 applications run in this process.*bindLocks/);
  });

  it('when two applications share the instance; again after one has closed', async () => {
    const shared = new Guarded();
    const providers = [{ provide: Guarded, useValue: shared }];
    const one = await start('one', { providers });
    const two = await start('two', { providers });
    await expect(shared.who()).rejects.toThrow(/belongs to 2 running applications/);
    await one.close();
    expect(await two.get(Guarded).who()).toBe('two');
  });

  it('after its application has closed, even though another runs', async () => {
    const providers = [Guarded, { provide: 'made', useFactory: () => new Guarded() }];
    const one = await start('one', { providers });
    await start('two', {});
    await one.close();
    for (const token of [Guarded, 'made']) {
      await expect(one.get<Guarded>(token).who()).rejects.toMatchObject({ code: 'LOCK_MANAGER_CLOSED' });
    }
  });

  it('when called without its instance', async () => {
    const app = await start('one', { providers: [Guarded] });
    const { who } = app.get(Guarded);
    await expect(who()).rejects.toThrow(/called without its instance/);
  });
});

describe('injection', () => {
  it('gives one manager by class, by token and by decorator, and the leadership lock', async () => {
    @Injectable()
    class User {
      constructor(
        readonly byClass: SyncManager,
        @InjectSyncManager() readonly byDecorator: SyncManager,
        @InjectLeadershipLock() readonly leadership: LeadershipLock,
      ) {}
    }
    const app = await startApp({ providers: [User], lock: { service: 'one' } });
    const user = app.get(User);
    expect(user.byClass).toBe(app.get(SYNC_MANAGER));
    expect(user.byDecorator).toBe(user.byClass);
    expect(user.leadership).toBe(app.get(LEADERSHIP_LOCK));
    expect(user.leadership).toBe(user.byClass.leadership);
    expect(user.leadership.key).toBe('service/one/leadership');
  });

  it('gives a leadership lock that says why it cannot be used where leadership is off', async () => {
    const app = await startApp({ lock: { service: 'one', leadership: false } });
    const leadership = app.get<LeadershipLock>(LEADERSHIP_LOCK);
    expect(() => leadership.isLeader).toThrow(/LOCK_OPTIONS_INVALID: leadership \(off\)/);
    await expect(leadership.leader()).rejects.toMatchObject({ code: 'LOCK_OPTIONS_INVALID' });
  });
});
