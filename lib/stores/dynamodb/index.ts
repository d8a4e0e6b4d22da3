export { dynamoDbStore } from './dynamodb-store.js';
export type { DynamoDbStore } from './dynamodb-store.js';
export type { Dialect, DynamoDbStoreOptions } from './dynamodb-store-options.js';
export type { TableOptions } from './table-options.js';
export type { AwsDynamoDbClient } from './dynamodb-client.js';
