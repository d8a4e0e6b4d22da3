export { dynamoDbStore } from './dynamodb-store.js';
export type { DynamoDbStore } from './dynamodb-store.js';
export type { AwsDynamoDbClient, Dialect, DynamoDbStoreOptions } from './dynamodb-store-options.js';
export type { TableOptions } from './table-options.js';
