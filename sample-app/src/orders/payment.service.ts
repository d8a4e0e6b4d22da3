import { Injectable } from '@nestjs/common';
import { currentLease, WithLock } from 'nestjs-distributed-lock';
import type { Payment } from './order.js';
import { OrderRepository } from './order-repository.js';
import { PaymentGateway } from './payment-gateway.js';

@Injectable()
export class PaymentService {
  constructor(
    private readonly orders: OrderRepository,
    private readonly gateway: PaymentGateway,
  ) {}

  /** Pays an order, or tells that it is paid already. Of all replicas, one at a time does this for an order. */
  @WithLock((orderId: string) => `order:${orderId}`)
  async pay(orderId: string): Promise<{ payment: Payment; isNew: boolean }> {
    const { fencingToken, signal } = currentLease()!;

    const [earlier] = await this.orders.paymentsOf(orderId, fencingToken);
    if (earlier !== undefined) return { payment: earlier, isNew: false };

    const payment = await this.gateway.authorize(orderId, { signal });
    await this.orders.addPayment(payment, fencingToken);
    return { payment, isNew: true };
  }
}
