import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { currentLease, LeaderOnly } from 'nestjs-distributed-lock';
import { OrderRepository } from './order-repository.js';

const BATCH_SIZE = 100;

@Injectable()
export class SettlementService {
  private readonly logger = new Logger(SettlementService.name);

  constructor(private readonly orders: OrderRepository) {}

  /** Settles what has been paid. The schedule fires on every replica; only the leader does the work. */
  @Cron(CronExpression.EVERY_5_SECONDS)
  @LeaderOnly()
  async settle(): Promise<void> {
    const { fencingToken, signal } = currentLease()!;

    const orderIds = await this.orders.unsettled(fencingToken);
    for (let start = 0; start < orderIds.length; start += BATCH_SIZE) {
      signal.throwIfAborted();
      const batch = orderIds.slice(start, start + BATCH_SIZE);
      await this.orders.settle(batch, fencingToken);
      this.logger.log(`Settled a batch of ${batch.length} orders`);
    }
  }
}
