import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type ArgumentMetadata,
  Body,
  type CallHandler,
  type CanActivate,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Header,
  HttpCode,
  Injectable,
  type INestApplication,
  Inject,
  type NestInterceptor,
  Param,
  ParseIntPipe,
  type PipeTransform,
  Post,
  Query,
  Req,
  Scope,
  SetMetadata,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { Reflector, REQUEST } from '@nestjs/core';
import {
  type CustomTransportStrategy,
  EventPattern,
  MessagePattern,
  Payload,
  Server,
} from '@nestjs/microservices';
import { Cron, Interval, ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { map, type Observable } from 'rxjs';
import { currentLease, LeaderOnly, WithLock } from '../../lib/index.js';
import { builderOf, closeAll, closeLater, startApp, type TestAppOptions } from './support/app.js';

afterEach(closeAll);

async function http(options: TestAppOptions, configure?: (app: INestApplication) => void): Promise<string> {
  const testing = await builderOf(options).compile();
  const app = closeLater(testing.createNestApplication({ logger: false }));
  configure?.(app);
  await app.listen(0);
  return app.getUrl();
}

const Role = (role: string): MethodDecorator => SetMetadata('role', role);
const UserName = createParamDecorator(
  (_: unknown, context: ExecutionContext) =>
    context.switchToHttp().getRequest<any>().headers['x-user'] as string,
);

@Injectable()
class RoleGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}
  canActivate(context: ExecutionContext): boolean {
    const role = this.reflector.get<string | undefined>('role', context.getHandler());
    return role === context.switchToHttp().getRequest<any>().headers['x-role'];
  }
}

@Injectable()
class Wrapping implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const handler = context.getHandler();
    return next.handle().pipe(map(value => ({ value, handler: handler.name, length: handler.length })));
  }
}

@Injectable()
class Doubling implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    return metadata.metatype === Number ? Number(value) * 2 : value;
  }
}

class PayDto {
  cents!: number;
}

const held = (): string => currentLease()?.key ?? 'nothing';

@Controller('below')
class LockBelow {
  @Get(':id')
  @Role('payer')
  @UseGuards(RoleGuard)
  @UseInterceptors(Wrapping)
  @UsePipes(Doubling)
  @HttpCode(203)
  @Header('x-test', 'on')
  @WithLock((id: string) => `order:${id}`)
  async get(@Param('id') id: string, @Query('n') n: number, @UserName() user: string): Promise<object> {
    return { id, n, user, key: held() };
  }
}

@Controller('above')
class LockAbove {
  @WithLock((id: string) => `order:${id}`)
  @Get(':id')
  @Role('payer')
  @UseGuards(RoleGuard)
  @UseInterceptors(Wrapping)
  @UsePipes(Doubling)
  @HttpCode(203)
  @Header('x-test', 'on')
  async get(@Param('id') id: string, @Query('n') n: number, @UserName() user: string): Promise<object> {
    return { id, n, user, key: held() };
  }
}

@Controller('between')
class LockBetween {
  @Get(':id')
  @UseGuards(RoleGuard)
  @UsePipes(Doubling)
  @Header('x-test', 'on')
  @WithLock((id: string) => `order:${id}`)
  @HttpCode(203)
  @UseInterceptors(Wrapping)
  @Role('payer')
  async get(@Param('id') id: string, @Query('n') n: number, @UserName() user: string): Promise<object> {
    return { id, n, user, key: held() };
  }
}

describe('HTTP controllers keep route, guards, interceptors, pipes and parameters (#23)', () => {
  it.each(['below', 'above', 'between'])('with @WithLock() %s the other decorators', async path => {
    const url = await http({ controllers: [LockBelow, LockAbove, LockBetween] });
    const headers = { 'x-role': 'payer', 'x-user': 'ada' };
    const response = await fetch(`${url}/${path}/7?n=21`, { headers });
    expect(response.status).toBe(203);
    expect(response.headers.get('x-test')).toBe('on');
    expect(await response.json()).toEqual({
      value: { id: '7', n: 42, user: 'ada', key: 'order:7' },
      handler: 'get',
      length: 3,
    });
    expect((await fetch(`${url}/${path}/7?n=21`)).status).toBe(403);
  });

  it('builds the key from transformed parameters, and maps exceptions as without it (#26)', async () => {
    @Controller()
    class Orders {
      @WithLock((id: number) => `order:${id}:${typeof id}`)
      @Post(':id/pay')
      async pay(@Param('id', ParseIntPipe) id: number, @Body() body: PayDto): Promise<object> {
        if (body.cents < 0) throw new ForbiddenException('negative');
        return { id, key: held(), isDto: body instanceof PayDto };
      }
    }
    const url = await http({ controllers: [Orders] });
    const post = (path: string, cents: number) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        body: JSON.stringify({ cents }),
        headers: { 'content-type': 'application/json' },
      });
    expect(await (await post('/7/pay', 1)).json()).toMatchObject({ id: 7, key: 'order:7:number' });
    expect((await post('/seven/pay', 1)).status).toBe(400);
    const refused = await post('/7/pay', -1);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ message: 'negative' });
  });

  it('works on request-scoped controllers', async () => {
    @Controller({ path: 'scoped', scope: Scope.REQUEST })
    class Scoped {
      constructor(@Inject(REQUEST) private readonly request: any) {}
      @Get()
      @WithLock('scoped')
      async get(@Req() request: any): Promise<object> {
        return { same: request === this.request, key: held() };
      }
    }
    const url = await http({ controllers: [Scoped] });
    await startApp({});
    expect(await (await fetch(`${url}/scoped`)).json()).toEqual({ same: true, key: 'scoped' });
  });

  it('serves @LeaderOnly() routes on the leader', async () => {
    @Controller('leader')
    class Leader {
      @Get('below')
      @LeaderOnly({ otherwise: () => 'elsewhere' })
      async below(): Promise<string> {
        return held();
      }
      @LeaderOnly({ otherwise: () => 'elsewhere' })
      @Get('above')
      async above(): Promise<string> {
        return held();
      }
    }
    const url = await http({ controllers: [Leader], lock: { service: 'orders' } });
    for (const path of ['below', 'above']) {
      expect(await (await fetch(`${url}/leader/${path}`)).text()).toBe('service/orders/leadership');
    }
  });

  it('keeps what a global validation pipe reads', async () => {
    const seen: ArgumentMetadata[] = [];
    @Controller()
    class Orders {
      @WithLock('x')
      @Post()
      async create(@Body() _body: PayDto): Promise<void> {}
    }
    const url = await http({ controllers: [Orders] }, app =>
      app.useGlobalPipes({
        transform: (value: unknown, metadata: ArgumentMetadata) => (seen.push(metadata), value),
      }),
    );
    await fetch(url, { method: 'POST' });
    expect(seen).toEqual([expect.objectContaining({ metatype: PayDto, type: 'body' })]);
    expect(ValidationPipe).toBeDefined();
  });
});

describe('@nestjs/schedule finds the guarded method in both orders (#23)', () => {
  it('of @Cron and @Interval with @WithLock and @LeaderOnly', async () => {
    const ran = new Map<string, string>();
    @Injectable()
    class Jobs {
      @Cron('0 0 1 1 *', { name: 'below' })
      @WithLock('job:below')
      async below(): Promise<void> {
        ran.set('below', held());
      }
      @WithLock('job:above')
      @Cron('0 0 1 1 *', { name: 'above' })
      async above(): Promise<void> {
        ran.set('above', held());
      }
      @Cron('0 0 1 1 *', { name: 'leaderBelow' })
      @LeaderOnly()
      async leaderBelow(): Promise<void> {
        ran.set('leaderBelow', held());
      }
      @LeaderOnly()
      @Cron('0 0 1 1 *', { name: 'leaderAbove' })
      async leaderAbove(): Promise<void> {
        ran.set('leaderAbove', held());
      }
      @Cron('0 0 1 1 *', { name: 'both' })
      @LeaderOnly()
      @WithLock('job:both')
      async both(): Promise<void> {
        ran.set('both', held());
      }
      @WithLock('job:interval')
      @Interval('interval', 20)
      async interval(): Promise<void> {
        ran.set('interval', held());
      }
    }
    const app = await startApp({
      imports: [ScheduleModule.forRoot()],
      providers: [Jobs],
      lock: { service: 'jobs' },
    });
    const jobs = app.get(SchedulerRegistry).getCronJobs();
    expect([...jobs.keys()].sort()).toEqual(['above', 'below', 'both', 'leaderAbove', 'leaderBelow']);
    for (const job of jobs.values()) await job.fireOnTick();
    await new Promise(resolve => setTimeout(resolve, 100));
    expect(Object.fromEntries(ran)).toEqual({
      below: 'job:below',
      above: 'job:above',
      leaderBelow: 'service/jobs/leadership',
      leaderAbove: 'service/jobs/leadership',
      both: 'job:both',
      interval: 'job:interval',
    });
  });

  it('runs a cron once across replicas', async () => {
    const { memoryStore } = await import('../../lib/stores/memory/index.js');
    let runs = 0;
    @Injectable()
    class Report {
      @Cron('0 0 1 1 *', { name: 'report' })
      @WithLock('nightly-report', { wait: false, ifHeld: 'skip', holdAtLeast: '5s' })
      async report(): Promise<void> {
        runs++;
      }
    }
    const store = memoryStore();
    const metadata = { imports: [ScheduleModule.forRoot()], providers: [Report], store };
    const apps = [await startApp(metadata), await startApp(metadata), await startApp(metadata)];
    await Promise.all(apps.map(app => app.get(SchedulerRegistry).getCronJob('report').fireOnTick()));
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(runs).toBe(1);
  });
});

/** A transport that hands events over in this process. */
class InProcess extends Server implements CustomTransportStrategy {
  listen(callback: () => void): void {
    callback();
  }
  close(): void {}
  on(): any {}
  unwrap(): any {}
  async deliver(pattern: string, data: unknown): Promise<unknown> {
    const handler = this.getHandlerByPattern(pattern)!;
    const { lastValueFrom, isObservable } = await import('rxjs');
    const result: unknown = await handler(data, {});
    return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
  }
}

describe('microservice handlers are guarded in both orders (#23)', () => {
  it('with @EventPattern and @MessagePattern', async () => {
    const seen: unknown[] = [];
    @Controller()
    class Events {
      @EventPattern('below')
      @WithLock((event: { id: string }) => `event:${event.id}`)
      async below(@Payload() event: { id: string }): Promise<void> {
        seen.push([event.id, held()]);
      }
      @WithLock((event: { id: string }) => `event:${event.id}`)
      @EventPattern('above')
      async above(@Payload() event: { id: string }): Promise<void> {
        seen.push([event.id, held()]);
      }
      @WithLock((event: { id: string }) => `message:${event.id}`)
      @MessagePattern('ask')
      async ask(@Payload() event: { id: string }): Promise<string> {
        return `${event.id}:${held()}`;
      }
    }
    const testing = await builderOf({ controllers: [Events] }).compile();
    const strategy = new InProcess();
    const app = closeLater(testing.createNestMicroservice({ strategy }));
    await app.listen();
    await strategy.deliver('below', { id: '1' });
    await strategy.deliver('above', { id: '2' });
    expect(await strategy.deliver('ask', { id: '3' })).toBe('3:message:3');
    expect(seen).toEqual([
      ['1', 'event:1'],
      ['2', 'event:2'],
    ]);
  });
});

describe('gateways are guarded in both orders (#23)', () => {
  it('with @SubscribeMessage', async () => {
    @WebSocketGateway()
    class Chat {
      @SubscribeMessage('below')
      @WithLock((text: string) => `chat:${text}`)
      async below(@MessageBody() text: string): Promise<string> {
        return `${text}:${held()}`;
      }
      @WithLock((text: string) => `chat:${text}`)
      @SubscribeMessage('above')
      async above(@MessageBody() text: string): Promise<string> {
        return `${text}:${held()}`;
      }
    }
    const handlers = new Map<string, (data: unknown, ack?: () => void) => Promise<any>>();
    const adapter: any = {
      create: () => ({}),
      bindClientConnect: (_server: unknown, connect: (client: object) => void) =>
        void setImmediate(connect, {}),
      bindClientDisconnect: () => undefined,
      bindMessageHandlers: (_client: unknown, bound: { message: string; callback: any }[]) =>
        bound.forEach(({ message, callback }) => handlers.set(message, callback)),
      close: () => undefined,
      dispose: () => undefined,
    };
    const testing = await builderOf({ providers: [Chat] }).compile();
    const app = closeLater(testing.createNestApplication({ logger: false }));
    app.useWebSocketAdapter(adapter);
    await app.init();
    await new Promise(resolve => setTimeout(resolve, 20));
    const { lastValueFrom, isObservable } = await import('rxjs');
    for (const message of ['below', 'above']) {
      const result: any = await handlers.get(message)!('hi', () => undefined);
      expect(isObservable(result) ? await lastValueFrom(result) : result).toBe('hi:chat:hi');
    }
  });
});

describe('other libraries find what they keep on the method (#23)', () => {
  const OnFunction = (value: unknown): MethodDecorator => SetMetadata('graphql:resolver_name', value);
  const OnPrototype =
    (value: unknown): MethodDecorator =>
    (target, name) =>
      Reflect.defineMetadata('swagger/apiResponse', value, target, name);
  const AsProperty =
    (value: unknown): MethodDecorator =>
    (_target, _name, descriptor: any) =>
      void Object.assign(descriptor.value, { custom: value });

  class Resolver {
    @OnFunction({ name: 'order', type: 'Query' })
    @OnPrototype('order')
    @AsProperty(1)
    @WithLock((id: string) => `order:${id}`)
    async below(id: string, _rest?: string): Promise<string> {
      return `${id}:${held()}`;
    }
    @WithLock((id: string) => `order:${id}`)
    @LeaderOnly({ otherwise: 'throw' })
    @OnFunction({ name: 'order', type: 'Query' })
    @OnPrototype('order')
    @AsProperty(1)
    async above(id: string, _rest?: string): Promise<string> {
      return `${id}:${held()}`;
    }
  }

  it.each(['below', 'above'] as const)('on a resolver, @WithLock() %s', name => {
    const method: any = Resolver.prototype[name];
    expect(Reflect.getMetadata('graphql:resolver_name', method)).toEqual({ name: 'order', type: 'Query' });
    expect(Reflect.getMetadata('swagger/apiResponse', Resolver.prototype, name)).toBe('order');
    expect(Reflect.getMetadata('design:paramtypes', Resolver.prototype, name)).toEqual([String, String]);
    expect(method.custom).toBe(1);
    expect(method.name).toBe(name);
    expect(method.length).toBe(2);
  });

  it('and the resolver is guarded', async () => {
    const app = await startApp({ providers: [Resolver], lock: { service: 'orders' } });
    expect(await app.get(Resolver).below('7')).toBe('7:order:7');
  });
});
