import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Module } from '@nestjs/common';
import { GATEWAY_MS, STORE } from '../config.js';
import { DynamoDbOrderRepository } from './dynamodb-order-repository.js';
import { MemoryOrderRepository } from './memory-order-repository.js';
import { OrderRepository } from './order-repository.js';
import { OrdersController } from './orders.controller.js';
import { PaymentGateway } from './payment-gateway.js';
import { PaymentService } from './payment.service.js';
import { RedisOrderRepository } from './redis-order-repository.js';
import { SettlementService } from './settlement.service.js';

@Module({
  controllers: [OrdersController],
  providers: [
    PaymentService,
    SettlementService,
    { provide: PaymentGateway, useFactory: () => new PaymentGateway(GATEWAY_MS) },
    { provide: OrderRepository, useFactory: makeRepository },
  ],
})
export class OrdersModule {}

/** Orders are kept where leases are. */
function makeRepository(): OrderRepository {
  switch (STORE.type) {
    case 'redis':
      return new RedisOrderRepository(STORE.url!);
    case 'dynamodb': {
      const { table, region, endpoint } = STORE;
      return new DynamoDbOrderRepository(`${table}-orders`, new DynamoDBClient({ region, endpoint }));
    }
    case 'memory':
      return new MemoryOrderRepository();
  }
}
