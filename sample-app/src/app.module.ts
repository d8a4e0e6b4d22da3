import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { DistributedLockModule } from 'nestjs-distributed-lock';
import { LOCKS, SHARDS, URL } from './config.js';
import { LeadershipModule } from './leadership/leadership.module.js';
import { LockErrorFilter } from './lock-error.filter.js';
import { OrdersModule } from './orders/orders.module.js';
import { ShardsModule } from './shards/shards.module.js';

@Module({
  imports: [
    DistributedLockModule.forRoot({ ...LOCKS, service: 'orders', url: URL }),
    ScheduleModule.forRoot(),
    LeadershipModule,
    OrdersModule,
    ...(SHARDS > 0 ? [ShardsModule] : []),
  ],
  providers: [{ provide: APP_FILTER, useClass: LockErrorFilter }],
})
export class AppModule {}
