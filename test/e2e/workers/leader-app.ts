/** A Nest application that campaigns for leadership; prints when it leads. */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  DistributedLockModule,
  type OnLeadershipAcquired,
  type OnLeadershipLost,
} from '../../../lib/index.js';

const { REDIS_URL, SERVICE, TTL, SHUTDOWN_HOOKS } = process.env;

@Injectable()
class Terms implements OnLeadershipAcquired, OnLeadershipLost {
  onLeadershipAcquired(): void {
    console.log(`term began ${performance.timeOrigin + performance.now()}`);
  }
  onLeadershipLost(): void {
    console.log(`term ended ${performance.timeOrigin + performance.now()}`);
  }
}

@Module({
  imports: [
    DistributedLockModule.forRoot({
      service: SERVICE!,
      store: { type: 'redis', url: REDIS_URL!, restartGuard: false },
      leadership: { ttl: Number(TTL) },
    }),
  ],
  providers: [Terms],
})
class App {}

const app = await NestFactory.createApplicationContext(App);
if (SHUTDOWN_HOOKS === 'yes') app.enableShutdownHooks();
console.log('started');
setInterval(() => undefined, 1000);
