import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { currentLease, DistributedLockModule, SyncManager, WithLock } from 'nestjs-distributed-lock';

@Injectable()
class Payments {
  @WithLock((orderId: string) => `order:${orderId}`)
  async pay(orderId: string): Promise<string> {
    return `${orderId} under ${currentLease()?.key}`;
  }
}

@Module({
  imports: [DistributedLockModule.forRoot({ service: 'consumer', store: { type: 'memory' } })],
  providers: [Payments],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const tokens: number[] = [];
  for (let i = 0; i < 2; i++) {
    await app.get(SyncManager).withLock('report', async lease => tokens.push(lease.fencingToken));
  }
  const paid = await app.get(Payments).pay('7');
  await app.close();
  console.log(JSON.stringify({ paid, doTokensGrow: tokens[1]! > tokens[0]! }));
}

void main();
