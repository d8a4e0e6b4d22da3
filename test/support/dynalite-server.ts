import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import type { AddressInfo } from 'node:net';

/** A DynamoDB for tests. Whoever started it stops it. */
export interface DynamoDbServer {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/**
 * Dynalite in this process, empty; or, with `LOCK_TEST_DYNAMODB_ENDPOINT`, whatever runs there, whose tables stay: give yours
 * unique names and delete them.
 * @param stateChangeMs how long tables are CREATING and DELETING, for which it is always dynalite @default 0
 */
export async function start({ stateChangeMs }: { stateChangeMs?: number } = {}): Promise<DynamoDbServer> {
  const given = process.env.LOCK_TEST_DYNAMODB_ENDPOINT;
  if (given && stateChangeMs === undefined) return { endpoint: given, stop: async () => {} };
  const ms = stateChangeMs ?? 0;
  const server = dynalite({ createTableMs: ms, deleteTableMs: ms, updateTableMs: ms });
  // A connection that is closed while a client takes it up again fails the test that comes first after a pause of 5 s.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise<void>((resolve, reject) => {
        server.close((error?: Error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

/** What the SDK wants to know of an emulator, where nobody checks it. */
export const SDK = {
  region: process.env.AWS_REGION ?? 'local',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
};

/** A client of the SDK that sends each request once. The real service needs real credentials: those of the environment. */
export function sdkClient(endpoint: string): DynamoDBClient {
  const isLocal = /\/\/(localhost|127\.|\[::1\])/.test(endpoint);
  return new DynamoDBClient({
    endpoint,
    ...(isLocal ? SDK : { region: SDK.region }),
    maxAttempts: 1,
  });
}

let tables = 0;

/** A name that no other test run uses. */
export function tableName(): string {
  return `lock-test-${process.pid}-${Date.now().toString(36)}-${(tables += 1)}`;
}
