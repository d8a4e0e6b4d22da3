import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DistributedLockModule } from 'nestjs-distributed-lock';

@Module({
  imports: [
    DistributedLockModule.forRoot({
      service: 'consumer',
      store: { type: 'redis', url: 'redis://127.0.0.1:1' },
    }),
  ],
})
class AppModule {}

NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false }).then(
  () => console.log('it started'),
  (error: Error) => console.log(error.message),
);
