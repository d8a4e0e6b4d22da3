import 'reflect-metadata';
import { ConsoleLogger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { HOST, PORT, STORE, URL } from './config.js';

const app = await NestFactory.create(AppModule, {
  logger: new ConsoleLogger({ logLevels: ['log', 'warn', 'error'] }),
});
// A stopped replica lets its work end and frees its keys; without this, others wait until their TTL is over.
app.enableShutdownHooks();
await app.listen(PORT, HOST);

console.log(`
Orders are served at ${URL}, with leases in ${STORE.type}. Try in another terminal:

  curl -X POST ${URL}/orders/42/pay    # takes a moment: the gateway is slow
  curl -X POST ${URL}/orders/42/pay    # 409: already paid, with the same receipt
  curl ${URL}/orders/42                # paid; the leader settles it within 5 s
  curl ${URL}/leader                   # who leads
  curl ${URL}/locks                    # keys that are held now

Ctrl-C stops it. Several replicas, on Redis or DynamoDB:

  LOCK_REDIS_URL=redis://localhost:6379 PORT=3001 npm start
  LOCK_DYNAMODB_TABLE=locks LOCK_DYNAMODB_ENDPOINT=http://localhost:8000 PORT=3001 npm start

With SHARDS=12 for each, they share out 12 shards; GET /shards tells which of them one serves.
`);
