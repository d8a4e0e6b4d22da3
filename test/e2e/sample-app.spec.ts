import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { DistributedLockModule, type LeaderInfo, type LeaseRecord } from '../../lib/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { LeadershipModule } from '../../sample-app/src/leadership/leadership.module.js';
import type { Term } from '../../sample-app/src/leadership/term-history.js';
import { LockErrorFilter } from '../../sample-app/src/lock-error.filter.js';
import { MemoryOrderRepository } from '../../sample-app/src/orders/memory-order-repository.js';
import { OrderRepository } from '../../sample-app/src/orders/order-repository.js';
import type { Order, Payment } from '../../sample-app/src/orders/order.js';
import { OrdersModule } from '../../sample-app/src/orders/orders.module.js';
import { PaymentGateway } from '../../sample-app/src/orders/payment-gateway.js';
import { SettlementService } from '../../sample-app/src/orders/settlement.service.js';

/** A gateway that answers when the test says so. */
class HeldGateway extends PaymentGateway {
  asked = 0;
  private open: () => void = () => {};
  private opened = Promise.resolve();

  constructor() {
    super(1);
  }

  hold(): void {
    this.opened = new Promise(resolve => (this.open = resolve));
  }

  release(): void {
    this.open();
  }

  override async authorize(orderId: string, options: { signal: AbortSignal }): Promise<Payment> {
    this.asked++;
    await this.opened;
    return super.authorize(orderId, options);
  }
}

describe('the sample app, as replicas on one memory store', () => {
  let store: ReturnType<typeof memoryStore>;
  let repository: MemoryOrderRepository;
  let gateway: HeldGateway;
  let replicas: INestApplication[];

  async function startReplica(): Promise<INestApplication> {
    const builder = Test.createTestingModule({
      imports: [
        DistributedLockModule.forRoot({ store, service: 'orders', wait: '500ms', leadership: { ttl: '1s' } }),
        LeadershipModule,
        OrdersModule,
      ],
      providers: [{ provide: APP_FILTER, useClass: LockErrorFilter }],
    });
    builder.overrideProvider(OrderRepository).useValue(repository);
    builder.overrideProvider(PaymentGateway).useValue(gateway);
    const app = (await builder.compile()).createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    return app;
  }

  async function ask<T>(
    app: INestApplication,
    path: string,
    method = 'GET',
  ): Promise<{ status: number; body: T }> {
    const response = await fetch((await app.getUrl()) + path, { method });
    return { status: response.status, body: (await response.json()) as T };
  }

  const pay = (app: INestApplication, id: string) =>
    ask<Payment & { payment?: Payment; code?: string }>(app, `/orders/${id}/pay`, 'POST');

  async function leaderAmong(apps: INestApplication[]): Promise<INestApplication> {
    for (;;) {
      for (const app of apps) {
        const { leader } = (await ask<{ leader: LeaderInfo | null }>(app, '/leader')).body;
        if (leader?.isSelf === true) return app;
      }
    }
  }

  beforeEach(async () => {
    store = memoryStore();
    repository = new MemoryOrderRepository();
    gateway = new HeldGateway();
    replicas = await Promise.all([startReplica(), startReplica(), startReplica()]);
  });

  afterEach(async () => {
    gateway.release();
    await Promise.all(replicas.map(app => app.close()));
  });

  it('pays an order once, however many replicas are asked at once', async () => {
    const answers = await Promise.all([...replicas, ...replicas].map(app => pay(app, '42')));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, 409, 409, 409, 409, 409]);
    const receipts = new Set(answers.map(({ body }) => body.receipt ?? body.payment?.receipt));
    expect(receipts.size).toBe(1);
    expect(gateway.asked).toBe(1);
    const { body } = await ask<Order>(replicas[0]!, '/orders/42');
    expect(body).toMatchObject({ id: '42', status: 'paid', payments: [{ receipt: [...receipts][0] }] });
  });

  it('tells who waits for too long, by code, and shows the lock that is held', async () => {
    gateway.hold();
    const first = pay(replicas[0]!, '42');
    while (gateway.asked === 0) await new Promise(resolve => setTimeout(resolve, 5));
    const { body: locks } = await ask<LeaseRecord[]>(replicas[1]!, '/locks');
    expect(locks.map(({ key }) => key).sort()).toEqual(['order:42', 'service/orders/leadership']);
    expect(await pay(replicas[1]!, '42')).toMatchObject({ status: 409, body: { code: 'LOCK_TIMEOUT' } });
    gateway.release();
    expect((await first).status).toBe(201);
  });

  it('does not make one order wait for another', async () => {
    gateway.hold();
    const answers = ['1', '2', '3'].map(id => pay(replicas[0]!, id));
    while (gateway.asked < 3) await new Promise(resolve => setTimeout(resolve, 5));
    gateway.release();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([201, 201, 201]);
  });

  it('settles on the leader alone', async () => {
    await pay(replicas[0]!, '42');
    const leader = await leaderAmong(replicas);
    for (const app of replicas.filter(replica => replica !== leader))
      await app.get(SettlementService).settle();
    expect((await repository.view('42')).status).toBe('paid');
    await leader.get(SettlementService).settle();
    expect((await repository.view('42')).status).toBe('settled');
  });

  it('has a new leader at once when the leader is shut down, with a newer token', async () => {
    const leader = await leaderAmong(replicas);
    const [{ fencingToken }] = (await ask<Term[]>(leader, '/leader/terms')).body as [Term];
    replicas = replicas.filter(replica => replica !== leader);
    await leader.close();
    const closedAt = Date.now();
    const successor = await leaderAmong(replicas);
    expect(Date.now() - closedAt).toBeLessThan(500);
    const [term] = (await ask<Term[]>(successor, '/leader/terms')).body as [Term];
    expect(term.fencingToken).toBeGreaterThan(fencingToken);
  });
});
