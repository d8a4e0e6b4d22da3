import { Module } from '@nestjs/common';
import { GATEWAY_MS, STORE } from '../config.js';
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
    {
      provide: OrderRepository,
      useFactory: () =>
        STORE === 'redis'
          ? new RedisOrderRepository(process.env.LOCK_REDIS_URL!)
          : new MemoryOrderRepository(),
    },
  ],
})
export class OrdersModule {}
