import {
  ConditionalCheckFailedException,
  GetItemCommand,
  paginateScan,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { deadline, OwnTable } from '../own-table.js';
import { toOrder, type Order, type Payment } from './order.js';
import { OrderRepository, StaleTokenError, type Refusals } from './order-repository.js';

type Row = Record<string, AttributeValue>;

const SETTLEMENT = 'settlement';
const REFUSED = 'refused';
const rowId = (orderId: string): string => `order:${orderId}`;
/** Payments are kept by receipt: a write that the SDK sends again after a lost reply adds nothing. */
const paymentName = (receipt: string): string => `payment:${receipt}`;

/** Who comes to the fence, and what for. */
interface Access {
  /** Of the row that has the fence. */
  readonly id: string;
  readonly token: number;
  readonly kind: keyof Refusals;
}

/** What is written behind the fence, as parts of an update. */
interface Change {
  readonly expression: string;
  readonly values: Row;
  readonly names?: Record<string, string>;
}

/**
 * Orders in DynamoDB, shared by all replicas. What is read or written under a fence is in the row of that fence, so that one
 * conditional write checks the token, writes, and answers with the row.
 */
export class DynamoDbOrderRepository extends OrderRepository implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(DynamoDbOrderRepository.name);
  private readonly table: OwnTable;

  /** @param client is its own from now on */
  constructor(
    name: string,
    private readonly client: DynamoDBClient,
  ) {
    super();
    this.table = new OwnTable(name, client);
  }

  /** A DynamoDB that is down is no reason not to start: the table is made as soon as it is needed. */
  async onModuleInit(): Promise<void> {
    await this.table.ready().catch((error: Error) => this.logger.warn(error.message));
  }

  async paymentsOf(orderId: string, token: number): Promise<Payment[]> {
    return paymentsIn(await this.passFence({ id: rowId(orderId), token, kind: 'reads' }));
  }

  async addPayment(payment: Payment, token: number): Promise<void> {
    await this.passFence(
      { id: rowId(payment.orderId), token, kind: 'writes' },
      {
        expression: ', #payment = :payment',
        names: { '#payment': paymentName(payment.receipt) },
        values: { ':payment': { S: JSON.stringify(payment) } },
      },
    );
  }

  async unsettled(token: number): Promise<string[]> {
    const paid: string[] = [];
    const pages = paginateScan(
      { client: this.client },
      { TableName: await this.table.ready(), ConsistentRead: true },
    );
    for await (const { Items = [] } of pages)
      paid.push(...Items.flatMap(paymentsIn).map(each => each.orderId));
    // After the scan: what it has read is older than the token then
    const settled = settledIn(await this.passFence({ id: SETTLEMENT, token, kind: 'reads' }));
    return [...new Set(paid)].filter(orderId => !settled.has(orderId));
  }

  async settle(orderIds: readonly string[], token: number): Promise<void> {
    await this.passFence(
      { id: SETTLEMENT, token, kind: 'writes' },
      { expression: ' ADD settled :ids', values: { ':ids': { SS: [...orderIds] } } },
    );
  }

  async view(orderId: string): Promise<Order> {
    const [order, settlement] = await Promise.all([this.read(rowId(orderId)), this.read(SETTLEMENT)]);
    return toOrder(orderId, paymentsIn(order), settledIn(settlement).has(orderId));
  }

  async refusals(): Promise<Refusals> {
    const { reads, writes } = await this.read(REFUSED);
    return { reads: Number(reads?.N ?? 0), writes: Number(writes?.N ?? 0) };
  }

  onApplicationShutdown(): void {
    this.client.destroy();
  }

  /** Comes with every access. DynamoDB checks and writes in one step, so nothing gets between the two. */
  private async passFence({ id, token, kind }: Access, change?: Change): Promise<Row> {
    const access = new UpdateItemCommand({
      TableName: await this.table.ready(),
      Key: { id: { S: id } },
      UpdateExpression: `SET fence = :token${change?.expression ?? ''}`,
      ConditionExpression: 'attribute_not_exists(fence) OR fence <= :token',
      ExpressionAttributeNames: change?.names,
      ExpressionAttributeValues: { ':token': { N: `${token}` }, ...change?.values },
      ReturnValues: 'ALL_NEW',
    });
    try {
      return (await this.client.send(access, deadline())).Attributes ?? {};
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      await this.countRefusal(kind);
      throw new StaleTokenError(id, token);
    }
  }

  private async countRefusal(kind: keyof Refusals): Promise<void> {
    const count = new UpdateItemCommand({
      TableName: await this.table.ready(),
      Key: { id: { S: REFUSED } },
      UpdateExpression: 'ADD #kind :one',
      ExpressionAttributeNames: { '#kind': kind },
      ExpressionAttributeValues: { ':one': { N: '1' } },
    });
    await this.client.send(count, deadline());
  }

  private async read(id: string): Promise<Row> {
    const get = new GetItemCommand({
      TableName: await this.table.ready(),
      Key: { id: { S: id } },
      ConsistentRead: true,
    });
    return (await this.client.send(get, deadline())).Item ?? {};
  }
}

function paymentsIn(row: Row): Payment[] {
  const names = Object.keys(row).filter(name => name.startsWith(paymentName('')));
  return names.map(name => JSON.parse(row[name]!.S!) as Payment);
}

function settledIn(settlement: Row): Set<string> {
  return new Set(settlement['settled']?.SS);
}
