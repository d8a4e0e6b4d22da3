/**
 * What must compile, and what must not: `tsc -p .` fails when an expected error is missing, and so does `types.spec.ts`,
 * which also counts them.
 */
import { Controller, Get, Inject, Injectable, Param } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Cron } from '@nestjs/schedule';
import {
  currentLease,
  DistributedLockModule,
  distributedLockOptionsFromEnv,
  InjectLeadershipLock,
  InjectSyncManager,
  LeaderOnly,
  type LeadershipLock,
  type Lease,
  type LeaseSet,
  type LeaseStore,
  SyncManager,
  WithLock,
  WithPermit,
} from '../../../lib/index.js';
import { memoryStore } from '../../../lib/stores/memory/index.js';

interface Entity {
  id: string;
}
interface Order extends Entity {
  cents: number;
}
declare const store: LeaseStore;

export class KeysThatFit {
  @WithLock('plain')
  async plain(): Promise<void> {}

  @WithLock('plain')
  async withArguments(_id: string, _n?: number): Promise<number> {
    return 1;
  }

  @WithLock(() => 'computed')
  async computed(_id: string): Promise<void> {}

  @WithLock((id: string) => `order:${id}`)
  async sameType(_id: string): Promise<void> {}

  @WithLock((id: string) => `order:${id}`)
  async firstOfTwo(_id: string, _cents: number): Promise<void> {}

  @WithLock((id: string, cents: number) => `order:${id}:${cents}`)
  async both(_id: string, _cents: number): Promise<void> {}

  @WithLock((entity: Entity) => `order:${entity.id}`)
  async supertype(_order: Order): Promise<void> {}

  @WithLock((id: string | number) => `order:${id}`)
  async widerUnion(_id: string): Promise<void> {}

  @WithLock((id: unknown) => `order:${String(id)}`)
  async fromUnknown(_id: string): Promise<void> {}

  @WithLock((id: any) => `order:${id}`)
  async fromAny(_id: string): Promise<void> {}

  @WithLock((id?: string) => `order:${id ?? 'none'}`)
  async bothOptional(_id?: string): Promise<void> {}

  @WithLock((id: string = 'none') => `order:${id}`)
  async bothDefaulted(_id = 'none'): Promise<void> {}

  @WithLock((id: string | undefined) => `order:${id ?? 'none'}`)
  async mayBeUndefined(_id: string | undefined): Promise<void> {}

  @WithLock((id: string, cents?: number) => `order:${id}:${cents ?? 0}`)
  async keyTakesMoreThanGiven(_id: string): Promise<void> {}

  @WithLock((...ids: string[]) => ids.join())
  async restToRest(..._ids: string[]): Promise<void> {}

  @WithLock((id: string, ...rest: number[]) => `${id}:${rest.join()}`)
  async restAfterFirst(_id: string, ..._rest: number[]): Promise<void> {}

  @WithLock((id: unknown) => String(id))
  async generic<T>(_value: T): Promise<void> {}

  @WithLock(['a', 'b'])
  async several(_id: string): Promise<void> {}

  @WithLock(['a', 'b'] as const, { ifHeld: 'skip' })
  async severalForever(): Promise<void> {}

  @WithLock((from: string, to: string) => [`account:${from}`, `account:${to}`], { ttl: '5s' })
  async severalComputed(_from: string, _to: string, _cents: number): Promise<void> {}

  @WithLock((...ids: string[]): readonly string[] => ids)
  async severalOfRest(..._ids: string[]): Promise<void> {}

  @WithLock((id: string, isPair: boolean) => (isPair ? [id, `${id}:2`] : id))
  async oneOrSeveral(_id: string, _isPair: boolean): Promise<void> {}
}

export class PermitsThatFit {
  @WithPermit('reports', { permits: 3 })
  async named(_id: string): Promise<number> {
    return 1;
  }

  @WithPermit((tenant: string) => `reports:${tenant}`, { permits: 3, ifHeld: 'skip', wait: '1s' })
  async computed(_tenant: string, _pages: number): Promise<void> {}

  @WithPermit('reports', { permits: 3, ifHeld: (id: string) => id.length })
  async answered(_id: string): Promise<number> {
    return 1;
  }
}

export class PermitsThatDoNotFit {
  // @ts-expect-error -- how many is not said
  @WithPermit('reports', { wait: '1s' })
  async unnumbered(): Promise<void> {}

  // @ts-expect-error -- another type
  @WithPermit((id: number) => `reports:${id}`, { permits: 3 })
  async otherType(_id: string): Promise<void> {}

  // @ts-expect-error -- undefined is no result
  @WithPermit('reports', { permits: 3, ifHeld: 'skip' })
  async noResult(): Promise<number> {
    return 1;
  }

  // @ts-expect-error -- one name, not several
  @WithPermit(() => ['a', 'b'], { permits: 3 })
  async several(): Promise<void> {}

  // @ts-expect-error -- a synchronous method
  @WithPermit('reports', { permits: 3 })
  synchronous(): void {}
}

export class KeysThatDoNotFit {
  // @ts-expect-error -- another type
  @WithLock((id: number) => `order:${id}`)
  async otherType(_id: string): Promise<void> {}

  // @ts-expect-error -- the method has no parameter
  @WithLock((id: string) => `order:${id}`)
  async noParameter(): Promise<void> {}

  // @ts-expect-error -- the key function wants two, the method has one
  @WithLock((id: string, cents: number) => `order:${id}:${cents}`)
  async tooFew(_id: string): Promise<void> {}

  // @ts-expect-error -- can be undefined
  @WithLock((id: string) => `order:${id}`)
  async optional(_id?: string): Promise<void> {}

  // @ts-expect-error -- can be undefined for the key function, which runs before the default applies
  @WithLock((id: string) => `order:${id}`)
  async defaulted(_id = 'none'): Promise<void> {}

  // @ts-expect-error -- can be undefined
  @WithLock((id: string) => `order:${id}`)
  async orUndefined(_id: string | undefined): Promise<void> {}

  // @ts-expect-error -- a subtype
  @WithLock((order: Order) => `order:${order.id}`)
  async subtype(_entity: Entity): Promise<void> {}

  // @ts-expect-error -- the rest may be empty
  @WithLock((id: string) => `order:${id}`)
  async rest(..._ids: string[]): Promise<void> {}

  // @ts-expect-error -- the second differs
  @WithLock((id: string, cents: string) => `order:${id}:${cents}`)
  async second(_id: string, _cents: number): Promise<void> {}

  // @ts-expect-error -- the key must be text
  @WithLock((id: number) => id)
  async numberKey(_id: number): Promise<void> {}

  // @ts-expect-error -- the key must be known at once
  @WithLock(async (id: string) => id)
  async asyncKey(_id: string): Promise<void> {}

  // @ts-expect-error -- another type, of several keys
  @WithLock((from: number, to: number) => [`account:${from}`, `account:${to}`])
  async severalOfOtherType(_from: string, _to: string): Promise<void> {}

  // @ts-expect-error -- the key function wants two, the method has one
  @WithLock((from: string, to: string) => [from, to])
  async severalOfTooFew(_from: string): Promise<void> {}

  // @ts-expect-error -- each key must be text
  @WithLock((from: number, to: number) => [from, to])
  async numberKeys(_from: number, _to: number): Promise<void> {}

  // @ts-expect-error -- each key must be text
  @WithLock(['a', 7])
  async numberAmongKeys(): Promise<void> {}

  // @ts-expect-error -- the keys must be known at once
  @WithLock(async (id: string) => [id])
  async asyncKeys(_id: string): Promise<void> {}

  // @ts-expect-error -- the key is missing
  @WithLock()
  async noKey(): Promise<void> {}
}

export class MethodsThatCannotBeGuarded {
  // @ts-expect-error -- synchronous
  @WithLock('sync')
  sync(): number {
    return 1;
  }

  // @ts-expect-error -- synchronous
  @WithLock('sync')
  nothing(): void {}

  // @ts-expect-error -- runs after the release
  @WithLock('generator')
  async *generator(): AsyncGenerator<number> {
    yield 1;
  }

  // @ts-expect-error -- sometimes synchronous
  @WithLock('sometimes')
  sometimes(): number | Promise<number> {
    return 1;
  }

  // @ts-expect-error -- not a method
  @WithLock('getter')
  get getter(): Promise<number> {
    return Promise.resolve(1);
  }

  // @ts-expect-error -- not a method
  @WithLock('field')
  field = 1;

  // @ts-expect-error -- synchronous
  @LeaderOnly()
  syncLeader(): void {}
}

// @ts-expect-error -- not a method
@WithLock('class')
export class NotAMethod {}

export class AnswersWithoutRunning {
  @WithLock('k', { ifHeld: 'skip' })
  async skipVoid(): Promise<void> {}

  @WithLock('k', {
    ifHeld: 'skip',
    wait: false,
    ttl: '30s',
    holdAtLeast: 1000,
    onLost: 'ignore',
    ifNested: 'join',
  })
  async skipMaybe(): Promise<string | undefined> {
    return undefined;
  }

  @WithLock('k', { ifHeld: 'throw' })
  async throwing(): Promise<string> {
    return '';
  }

  @WithLock('k', { ifHeld: () => 'busy' })
  async answer(): Promise<string> {
    return '';
  }

  @WithLock('k', { ifHeld: async (id: string) => id.length })
  async answerLater(_id: string, _more: number): Promise<number> {
    return 1;
  }

  @WithLock((id: string) => id, { ifHeld: (id: string) => ({ id, isBusy: true }) })
  async answerObject(_id: string): Promise<{ id: string }> {
    return { id: '' };
  }

  @WithLock('k', { ifHeld: 'skip' })
  async skipAny(): Promise<any> {}

  // @ts-expect-error -- undefined is not a string
  @WithLock('k', { ifHeld: 'skip' })
  async skipString(): Promise<string> {
    return '';
  }

  // @ts-expect-error -- null is not undefined
  @WithLock('k', { ifHeld: 'skip' })
  async skipNull(): Promise<string | null> {
    return null;
  }

  // @ts-expect-error -- answers another type
  @WithLock('k', { ifHeld: () => 1 })
  async otherAnswer(): Promise<string> {
    return '';
  }

  // @ts-expect-error -- takes another type
  @WithLock('k', { ifHeld: (id: number) => String(id) })
  async otherArgument(_id: string): Promise<string> {
    return '';
  }

  // @ts-expect-error -- no such word
  @WithLock('k', { ifHeld: 'ignore' })
  async otherWord(): Promise<void> {}

  // @ts-expect-error -- no such option
  @WithLock('k', { ttl: '30s', wiat: false })
  async slip(): Promise<void> {}

  // @ts-expect-error -- no such unit
  @WithLock('k', { ttl: '30 weeks' })
  async unit(): Promise<void> {}

  // @ts-expect-error -- one signal for all calls ever made
  @WithLock('k', { signal: AbortSignal.timeout(5) })
  async signal(): Promise<void> {}

  @LeaderOnly()
  async leaderSkips(): Promise<void> {}

  @LeaderOnly({ otherwise: 'throw', wait: '5s' })
  async leaderThrows(): Promise<string> {
    return '';
  }

  @LeaderOnly({ otherwise: (id: string) => `not here: ${id}`, wait: false })
  async leaderAnswers(_id: string): Promise<string> {
    return '';
  }

  // @ts-expect-error -- skips by default, and undefined is not a string
  @LeaderOnly()
  async leaderSkipsString(): Promise<string> {
    return '';
  }

  // @ts-expect-error -- answers another type
  @LeaderOnly({ otherwise: () => 1 })
  async leaderOtherAnswer(): Promise<string> {
    return '';
  }
}

@Controller()
export class BesidesOthers {
  @Get(':id')
  @WithLock((id: string) => `order:${id}`)
  async below(@Param('id') _id: string): Promise<void> {}

  @WithLock((id: string) => `order:${id}`, { ifHeld: 'skip' })
  @Get(':id')
  async above(@Param('id') _id: string): Promise<void> {}

  @Cron('* * * * *')
  @LeaderOnly()
  @WithLock('tick')
  async tick(): Promise<void> {}

  @WithLock('protected')
  protected async notPublic(): Promise<void> {}
}

@Injectable()
export class Injected {
  @InjectSyncManager() byProperty!: SyncManager;

  constructor(
    readonly byClass: SyncManager,
    @InjectSyncManager() readonly manager: SyncManager,
    @InjectLeadershipLock() readonly leadership: LeadershipLock,
    @Inject('x') readonly x: number,
  ) {}

  async use(): Promise<number> {
    const lease: Lease | undefined = currentLease();
    return this.manager.withLock(
      'k',
      { ttl: '5s' },
      async held => held.fencingToken + (lease?.fencingToken ?? 0),
    );
  }

  async useSeveral(keys: readonly string[]): Promise<number> {
    await using set: LeaseSet = await this.manager.acquireAll(keys, { wait: '5s' });
    const perhaps: LeaseSet | null = await this.manager.tryAcquireAll(['a', 'b']);
    await perhaps?.release();
    // @ts-expect-error -- data is that of one key
    await set.renew({ data: 'x' });
    // @ts-expect-error -- a set has no token of its own
    await this.manager.withLock(keys, held => held.fencingToken);
    // @ts-expect-error -- one key is no set
    await this.manager.withLock('a', held => held.keys);
    const run = await this.manager.tryWithLock(['a'], { wait: 0 }, held => held.of('a').fencingToken);
    return run.ran ? run.value : this.manager.withLock(['a', 'b'], async ({ leases }) => leases.length);
  }
}

export const registrations = [
  DistributedLockModule.forRoot({ store: { type: 'memory' } }),
  DistributedLockModule.forRoot({ store, isGlobal: false, service: 'orders', leadership: { ttl: '5s' } }),
  DistributedLockModule.forRoot({ store: memoryStore(), leadership: false }),
  DistributedLockModule.forRoot({
    store: { type: 'redis', url: 'redis://h', maxTtl: '2m', restartGuard: false },
  }),
  DistributedLockModule.forRoot({ store: { type: 'redis', client: {}, closeClient: true } }),
  DistributedLockModule.forRoot(distributedLockOptionsFromEnv({ LOCK_STORE: 'memory' })),
  DistributedLockModule.forRootAsync({
    inject: [ConfigService],
    useFactory: (config: ConfigService) => distributedLockOptionsFromEnv(config),
  }),
  // @ts-expect-error -- the store is missing
  DistributedLockModule.forRoot({ service: 'orders' }),
  // @ts-expect-error -- no such store
  DistributedLockModule.forRoot({ store: { type: 'etcd' } }),
  // @ts-expect-error -- no such option
  DistributedLockModule.forRoot({ store, leader: true }),
  // @ts-expect-error -- an option of another store
  DistributedLockModule.forRoot({ store: { type: 'memory', url: 'redis://h' } }),
];
