import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { peerMissing } from '../../core/peer-missing.js';
import { redactUrl } from '../../core/redact-url.js';
import { withoutUndefined } from '../../core/without-undefined.js';
import type { AwsDynamoDbClient, DynamoDbStoreOptions } from './dynamodb-store-options.js';

/** The AWS SDK, as far as it is used at run time. */
export type Sdk = Pick<
  typeof import('@aws-sdk/client-dynamodb'),
  | 'DynamoDBClient'
  | 'UpdateItemCommand'
  | 'DeleteItemCommand'
  | 'GetItemCommand'
  | 'ScanCommand'
  | 'DescribeTableCommand'
  | 'CreateTableCommand'
>;

/** Where the client comes from. */
export interface ClientSource {
  /** What it talks to, without secrets, for logs. */
  readonly target: string;
  /** Makes or hands out the client; called until it succeeds once. */
  open(): Promise<{ sdk: Sdk; client: AwsDynamoDbClient }>;
  /** Destroys the client, unless it is the application's and not to be closed. */
  dispose(client: AwsDynamoDbClient | undefined): void;
}

/** A connection that does not come up by then was never of use. */
const CONNECT_TIMEOUT_MS = 2000;
/** For requests without a deadline of their own. */
const REQUEST_TIMEOUT_MS = 10_000;
/** The SDK's 50 would make renewals wait for each other. */
const MAX_SOCKETS = 500;

/** The client that the options describe: the application's, or one to be made on first use. */
export function clientSource(options: DynamoDbStoreOptions): ClientSource {
  const { client, closeClient = false } = options;
  if (client !== undefined) {
    return {
      target: "DynamoDB (the application's client)",
      open: async () => ({ sdk: await loadSdk(), client }),
      dispose: () => {
        if (closeClient) client.destroy();
      },
    };
  }
  return {
    target: targetOf(options),
    open: async () => {
      const sdk = await loadSdk();
      return { sdk, client: new sdk.DynamoDBClient(ownConfig(options)) };
    },
    dispose: client => {
      if (!isHandler(options.options?.requestHandler)) client?.destroy();
    },
  };
}

/** Loaded only on first use, so that the package can be installed without the SDK. */
async function loadSdk(): Promise<Sdk> {
  try {
    const loaded = await import('@aws-sdk/client-dynamodb');
    return 'DynamoDBClient' in loaded ? loaded : (loaded as { default: Sdk }).default;
  } catch (error) {
    throw peerMissing('DynamoDB', '@aws-sdk/client-dynamodb', error);
  }
}

/** Each request is sent once: the engine retries, and has to know what was sent when. */
export function ownConfig(options: DynamoDbStoreOptions): DynamoDBClientConfig {
  const { region, endpoint, credentials, options: given } = options;
  return {
    ...given,
    ...withoutUndefined({ region, endpoint, credentials }),
    requestHandler: requestHandler(given?.requestHandler),
    maxAttempts: 1,
    retryMode: 'standard',
    retryStrategy: undefined,
  };
}

/** A handler that the application has made is used as it is. */
function requestHandler(
  given: DynamoDBClientConfig['requestHandler'],
): NonNullable<DynamoDBClientConfig['requestHandler']> {
  if (isHandler(given)) return given;
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  return {
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
    httpAgent: agent,
    httpsAgent: agent,
    ...given,
  };
}

/** One that the application has made, and may share: destroying the client would end all its connections. */
function isHandler(
  given: DynamoDBClientConfig['requestHandler'],
): given is Extract<DynamoDBClientConfig['requestHandler'], { handle: unknown }> {
  return typeof given === 'object' && given !== null && 'handle' in given;
}

function targetOf({ endpoint, region, options }: DynamoDbStoreOptions): string {
  const where = endpoint ?? options?.endpoint;
  if (typeof where === 'string') return `DynamoDB at ${redactUrl(where)}`;
  const name = region ?? options?.region;
  return typeof name === 'string' ? `DynamoDB in ${name}` : 'DynamoDB';
}
