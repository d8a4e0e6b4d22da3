import type { Order, Payment } from './order.js';
import { toOrder } from './order.js';
import { OrderRepository, StaleTokenError, type Refusals } from './order-repository.js';

/** Orders in the memory of one process. */
export class MemoryOrderRepository extends OrderRepository {
  private readonly payments = new Map<string, Payment[]>();
  private readonly settled = new Set<string>();
  private readonly newestTokens = new Map<string, number>();
  private readonly refused = { reads: 0, writes: 0 };

  async paymentsOf(orderId: string, token: number): Promise<Payment[]> {
    this.passFence(`order ${orderId}`, token, 'reads');
    return [...(this.payments.get(orderId) ?? [])];
  }

  async addPayment(payment: Payment, token: number): Promise<void> {
    const { orderId } = payment;
    this.passFence(`order ${orderId}`, token, 'writes');
    this.payments.set(orderId, [...(this.payments.get(orderId) ?? []), payment]);
  }

  async unsettled(token: number): Promise<string[]> {
    this.passFence('settlement', token, 'reads');
    return [...this.payments.keys()].filter(id => !this.settled.has(id));
  }

  async settle(orderIds: readonly string[], token: number): Promise<void> {
    this.passFence('settlement', token, 'writes');
    for (const id of orderIds) this.settled.add(id);
  }

  async view(orderId: string): Promise<Order> {
    return toOrder(orderId, this.payments.get(orderId) ?? [], this.settled.has(orderId));
  }

  async refusals(): Promise<Refusals> {
    return { ...this.refused };
  }

  private passFence(resource: string, token: number, kind: keyof Refusals): void {
    if (token < (this.newestTokens.get(resource) ?? 0)) {
      this.refused[kind]++;
      throw new StaleTokenError(resource, token);
    }
    this.newestTokens.set(resource, token);
  }
}
