import { ConflictException } from '@nestjs/common';
import type { Order, Payment } from './order.js';

/** Accesses that a fence has refused. */
export interface Refusals {
  readonly reads: number;
  readonly writes: number;
}

/**
 * Keeps orders, behind fences.
 *
 * Whoever works under a lock shows its fencing token with every access, reads included. A token older than one seen
 * before is refused: its holder was paused or cut off for longer than its lease, and another has taken over since.
 * Tokens compare within one key, hence each order has a fence of its own, and so has settlement.
 */
export abstract class OrderRepository {
  /** @throws StaleTokenError */
  abstract paymentsOf(orderId: string, token: number): Promise<Payment[]>;
  /** @throws StaleTokenError */
  abstract addPayment(payment: Payment, token: number): Promise<void>;

  /** Ids of orders that are paid and not settled. @throws StaleTokenError */
  abstract unsettled(token: number): Promise<string[]>;
  /** @throws StaleTokenError */
  abstract settle(orderIds: readonly string[], token: number): Promise<void>;

  /** An order for display. Nothing is decided on it, so it needs no token. */
  abstract view(orderId: string): Promise<Order>;
  abstract refusals(): Promise<Refusals>;
}

/** Someone with a newer token was here. */
export class StaleTokenError extends ConflictException {
  constructor(resource: string, token: number) {
    super(`${resource} has seen a newer fencing token than ${token}; this holder lost its lock meanwhile`);
  }
}
