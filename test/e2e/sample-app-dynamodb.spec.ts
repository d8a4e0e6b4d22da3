import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { LeaderInfo } from '../../lib/index.js';
import type { Term } from '../../sample-app/src/leadership/term-history.js';
import type { Order, Payment } from '../../sample-app/src/orders/order.js';
import { sdkClient, start, tableName, type DynamoDbServer } from '../support/dynalite-server.js';

const table = tableName();
let server: DynamoDbServer;

beforeAll(async () => {
  server = await start();
  Object.assign(process.env, {
    LOCK_DYNAMODB_TABLE: table,
    LOCK_DYNAMODB_ENDPOINT: server.endpoint,
    LOCK_LEADERSHIP_TTL: '1s',
    GATEWAY_MS: '1',
  });
});

afterAll(async () => {
  const client = sdkClient(server.endpoint);
  for (const TableName of [table, `${table}-orders`])
    await client.send(new DeleteTableCommand({ TableName }));
  client.destroy();
  await server.stop();
});

async function startReplica(): Promise<INestApplication> {
  // Reads the environment, which knows the endpoint only now
  const { AppModule } = await import('../../sample-app/src/app.module.js');
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  return app;
}

async function ask<T>(
  app: INestApplication,
  path: string,
  method = 'GET',
): Promise<{ status: number; body: T }> {
  const response = await fetch((await app.getUrl()) + path, { method });
  return { status: response.status, body: (await response.json()) as T };
}

async function termOfLeader(app: INestApplication): Promise<Term> {
  for (;;) {
    const { leader } = (await ask<{ leader: LeaderInfo | null }>(app, '/leader')).body;
    if (leader?.isSelf === true) return (await ask<Term[]>(app, '/leader/terms')).body.at(-1)!;
  }
}

it('the sample app runs on DynamoDB by environment alone: it makes its tables, leads and pays, and so does the next', async () => {
  const first = await startReplica();
  const term = await termOfLeader(first);
  const paid = await ask<Payment>(first, '/orders/42/pay', 'POST');
  expect(paid).toMatchObject({ status: 201, body: { orderId: '42' } });
  await first.close();

  const second = await startReplica();
  try {
    const next = await termOfLeader(second);
    expect(next.fencingToken).toBeGreaterThan(term.fencingToken);
    const again = await ask<{ payment: Payment }>(second, '/orders/42/pay', 'POST');
    expect(again).toMatchObject({ status: 409, body: { payment: { receipt: paid.body.receipt } } });
    const { payments } = (await ask<Order>(second, '/orders/42')).body;
    expect(payments).toHaveLength(1);
  } finally {
    await second.close();
  }
});
