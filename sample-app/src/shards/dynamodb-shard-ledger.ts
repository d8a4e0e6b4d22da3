import {
  ConditionalCheckFailedException,
  paginateScan,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { StaleTokenError } from '../orders/order-repository.js';
import { deadline, OwnTable } from '../own-table.js';
import { ShardLedger, type Service, type ShardAccount, type Tenure } from './shard-ledger.js';

type Row = Record<string, AttributeValue>;

/** A ledger in DynamoDB, shared by all replicas: a row for each shard, with its fence. */
export class DynamoDbShardLedger extends ShardLedger implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(DynamoDbShardLedger.name);
  private readonly table: OwnTable;

  /** @param client is its own from now on */
  constructor(
    name: string,
    private readonly client: DynamoDBClient,
  ) {
    super();
    this.table = new OwnTable(name, client);
  }

  /** A DynamoDB that is down is no reason not to start. */
  async onModuleInit(): Promise<void> {
    await this.table.ready().catch((error: Error) => this.logger.warn(error.message));
  }

  /** DynamoDB checks and writes in one step, so nothing gets between the two. */
  async write({ shard, token, by, at }: Service): Promise<void> {
    const tenure = `${token} ${by}`;
    try {
      await this.update(shard, {
        UpdateExpression:
          'SET fence = :token, #from = if_not_exists(#from, :at), #to = :at ADD accepted :one',
        ConditionExpression: 'attribute_not_exists(fence) OR fence <= :token',
        ExpressionAttributeNames: { '#from': `from ${tenure}`, '#to': `to ${tenure}` },
        ExpressionAttributeValues: { ':token': { N: `${token}` }, ':at': { N: `${at}` }, ':one': { N: '1' } },
      });
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const ExpressionAttributeValues = { ':one': { N: '1' } };
      await this.update(shard, { UpdateExpression: 'ADD rejected :one', ExpressionAttributeValues });
      throw new StaleTokenError(`shard ${shard}`, token);
    }
  }

  async account(): Promise<ShardAccount> {
    const scan = { TableName: await this.table.ready(), ConsistentRead: true };
    const rows: Row[] = [];
    for await (const { Items = [] } of paginateScan({ client: this.client }, scan)) rows.push(...Items);
    const sum = (name: string): number => rows.reduce((total, row) => total + Number(row[name]?.N ?? 0), 0);
    return { accepted: sum('accepted'), rejected: sum('rejected'), tenures: rows.flatMap(tenuresIn) };
  }

  onApplicationShutdown(): void {
    this.client.destroy();
  }

  private async update(
    shard: number,
    change: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>,
  ): Promise<void> {
    const Key = { id: { S: `${shard}` } };
    const TableName = await this.table.ready();
    await this.client.send(new UpdateItemCommand({ TableName, Key, ...change }), deadline());
  }
}

function tenuresIn(row: Row): Tenure[] {
  const begun = Object.keys(row).filter(name => name.startsWith('from '));
  return begun.map(name => {
    const [, token, by] = name.split(' ').map(Number) as [number, number, number];
    const [from, to] = [name, `to ${token} ${by}`].map(each => Number(row[each]!.N)) as [number, number];
    return { shard: Number(row['id']!.S), token, by, from, to };
  });
}
