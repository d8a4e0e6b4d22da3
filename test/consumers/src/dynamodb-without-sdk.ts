import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DistributedLockModule } from 'nestjs-distributed-lock';

@Module({
  imports: [
    DistributedLockModule.forRoot({
      service: 'consumer',
      store: { type: 'dynamodb', table: 'locks', region: 'eu-central-1' },
    }),
  ],
})
class AppModule {}

NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false }).then(
  () => console.log('it started'),
  (error: Error) => console.log(error.message),
);
