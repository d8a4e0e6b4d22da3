import {
  CreateTableCommand,
  ResourceInUseException,
  waitUntilTableExists,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';

/** A table with the partition key `id`, made as soon as it is needed. */
export class OwnTable {
  private made: Promise<string> | undefined;

  constructor(
    private readonly name: string,
    private readonly client: DynamoDBClient,
  ) {}

  /** @returns its name, once it is there */
  ready(): Promise<string> {
    return (this.made ??= this.make().catch((error: unknown) => {
      this.made = undefined;
      throw error;
    }));
  }

  /** Creates the table, unless another replica has. */
  private async make(): Promise<string> {
    const create = new CreateTableCommand({
      TableName: this.name,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
    await this.client.send(create, deadline()).catch((error: unknown) => {
      if (!(error instanceof ResourceInUseException)) throw error;
    });
    const wait = { client: this.client, maxWaitTime: 60, minDelay: 1, maxDelay: 2 };
    await waitUntilTableExists(wait, { TableName: this.name });
    return this.name;
  }
}

/** For one command, all its attempts included. */
export function deadline(): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(2000) };
}
