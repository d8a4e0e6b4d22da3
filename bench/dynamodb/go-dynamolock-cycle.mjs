import { GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { randomUUID } from 'node:crypto';

/**
 * What Go dynamolock sends to acquire and release a key that nobody holds: a consistent read, a conditional put, a conditional update.
 * Only the requests are its; the client is the SDK for JavaScript, so that speeds can be set side by side.
 *
 * @see https://github.com/cirello-io/dynamolock/blob/main/v2/client.go `readFromDynamoDB`, `upsertAndMonitorNewOrReleasedLock`,
 *   `updateLock`
 */
export function goDynamolockCycle(client, table, ttlMs) {
  const owner = { S: randomUUID() };
  return async name => {
    const key = { S: name };
    const version = { S: `${Date.now()}000000:${randomUUID()}` };
    await client.send(new GetItemCommand({ TableName: table, Key: { key }, ConsistentRead: true }));
    await client.send(
      new PutItemCommand({
        TableName: table,
        Item: {
          key,
          ownerName: owner,
          leaseDuration: { S: `${ttlMs / 1000}s` },
          recordVersionNumber: version,
        },
        ConditionExpression:
          'attribute_not_exists(#key) OR (attribute_exists(#key) AND #isReleased = :isReleased)',
        ExpressionAttributeNames: { '#key': 'key', '#isReleased': 'isReleased' },
        ExpressionAttributeValues: { ':isReleased': { S: '1' } },
      }),
    );
    await client.send(
      new UpdateItemCommand({
        TableName: table,
        Key: { key },
        UpdateExpression: 'SET #isReleased = :isReleased',
        ConditionExpression: 'attribute_exists(#key) AND #version = :version AND #owner = :owner',
        ExpressionAttributeNames: {
          '#key': 'key',
          '#isReleased': 'isReleased',
          '#version': 'recordVersionNumber',
          '#owner': 'ownerName',
        },
        ExpressionAttributeValues: { ':isReleased': { S: '1' }, ':version': version, ':owner': owner },
      }),
    );
  };
}
