import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Payment } from './order.js';

/**
 * A slow service elsewhere. It reserves money; what is not booked with `OrderRepository.addPayment` lapses. It knows no
 * fencing tokens, so two holders may both get an authorisation: the fenced repository decides which of them counts.
 */
export class PaymentGateway {
  constructor(private readonly latencyMs: number) {}

  /** @throws the signal's reason as soon as it aborts */
  async authorize(orderId: string, { signal }: { signal: AbortSignal }): Promise<Payment> {
    await setTimeout(this.latencyMs, undefined, { signal });
    return { receipt: randomUUID(), orderId, paidAt: new Date().toISOString(), pid: process.pid };
  }
}
