import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { toOrder, type Order, type Payment } from './order.js';
import { OrderRepository, StaleTokenError, type Refusals } from './order-repository.js';

const FENCE = 'shop:fence';
const REFUSED = 'shop:refused';
const UNSETTLED = 'shop:unsettled';
const SETTLED = 'shop:settled';
const paymentsKey = (orderId: string): string => `shop:payments:${orderId}`;

/** Comes before every access. Redis runs a script as one step, so nothing gets between the check and the access. */
const PASS_FENCE = `
  local fence, refused, resource, token, kind = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]
  local newest = redis.call('HGET', fence, resource)
  if newest and tonumber(token) < tonumber(newest) then
    redis.call('HINCRBY', refused, kind, 1)
    return redis.error_reply('STALE token')
  end
  redis.call('HSET', fence, resource, token)
`;
const READ_PAYMENTS = `return redis.call('HVALS', KEYS[3])`;
/** Payments are kept by receipt: a command that ioredis sends again after a lost reply adds nothing. */
const ADD_PAYMENT = `
  redis.call('HSET', KEYS[3], ARGV[5], ARGV[6])
  redis.call('SADD', KEYS[4], ARGV[4])
`;
const READ_UNSETTLED = `return redis.call('SMEMBERS', KEYS[3])`;
const SETTLE = `for i = 4, #ARGV do redis.call('SMOVE', KEYS[3], KEYS[4], ARGV[i]) end`;

/** Who comes to the fence, and what for. */
interface Access {
  readonly resource: string;
  readonly token: number;
  readonly kind: keyof Refusals;
}

/** Orders in Redis, shared by all replicas. */
export class RedisOrderRepository extends OrderRepository implements OnApplicationShutdown {
  private readonly logger = new Logger(RedisOrderRepository.name);
  private readonly redis: Redis;

  constructor(url: string) {
    super();
    this.redis = new Redis(url, { commandTimeout: 2000 });
    this.redis.on('error', (error: Error) => this.logger.warn(error.message));
  }

  async paymentsOf(orderId: string, token: number): Promise<Payment[]> {
    const access = { resource: `order:${orderId}`, token, kind: 'reads' } as const;
    return parse(await this.run<string[]>(access, READ_PAYMENTS, [paymentsKey(orderId)]));
  }

  async addPayment(payment: Payment, token: number): Promise<void> {
    const { orderId, receipt } = payment;
    const access = { resource: `order:${orderId}`, token, kind: 'writes' } as const;
    const args = [orderId, receipt, JSON.stringify(payment)];
    await this.run(access, ADD_PAYMENT, [paymentsKey(orderId), UNSETTLED], args);
  }

  async unsettled(token: number): Promise<string[]> {
    return this.run({ resource: 'settlement', token, kind: 'reads' }, READ_UNSETTLED, [UNSETTLED]);
  }

  async settle(orderIds: readonly string[], token: number): Promise<void> {
    const access = { resource: 'settlement', token, kind: 'writes' } as const;
    await this.run(access, SETTLE, [UNSETTLED, SETTLED], orderIds);
  }

  async view(orderId: string): Promise<Order> {
    const payments = parse(await this.redis.hvals(paymentsKey(orderId)));
    return toOrder(orderId, payments, (await this.redis.sismember(SETTLED, orderId)) === 1);
  }

  async refusals(): Promise<Refusals> {
    const { reads = '0', writes = '0' } = await this.redis.hgetall(REFUSED);
    return { reads: Number(reads), writes: Number(writes) };
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }

  private async run<T>(
    { resource, token, kind }: Access,
    script: string,
    keys: readonly string[],
    args: readonly string[] = [],
  ): Promise<T> {
    const allKeys = [FENCE, REFUSED, ...keys];
    try {
      const allArgs = [resource, token, kind, ...args];
      return (await this.redis.eval(PASS_FENCE + script, allKeys.length, ...allKeys, ...allArgs)) as T;
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('STALE '))
        throw new StaleTokenError(resource, token);
      throw error;
    }
  }
}

function parse(payments: readonly string[]): Payment[] {
  return payments.map(payment => JSON.parse(payment) as Payment);
}
