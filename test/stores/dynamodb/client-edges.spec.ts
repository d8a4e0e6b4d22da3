import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { dynamoDbStore, type DynamoDbStoreOptions } from '../../../lib/stores/dynamodb/index.js';
import { call, recordingLogger, rejection, request, sleep } from '../../support/fixtures.js';
import { credentials, failure, hang, ok, startStub, type StubService } from './stub-service.js';

describe('what the SDK refuses or is given', () => {
  let stub: StubService;
  let logger: ReturnType<typeof recordingLogger>;
  const stores: { close(): Promise<void> }[] = [];
  beforeEach(async () => {
    stub = await startStub();
    stub.answer = ok();
    logger = recordingLogger();
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    await stub.stop();
  });
  const storeOf = (options: Partial<DynamoDbStoreOptions> = {}) => {
    const where = { region: 'x', endpoint: stub.endpoint, credentials, logger };
    const store = dynamoDbStore({ table: 'locks', ...where, ...options });
    stores.push(store);
    return store;
  };

  it.each<[string, Partial<DynamoDbStoreOptions>]>([
    ['credentials without values', { credentials: { accessKeyId: undefined!, secretAccessKey: undefined! } }],
    ['no name of a region', { region: 'EU_WEST_1', endpoint: undefined }],
    ['FIPS and an endpoint', { options: { useFipsEndpoint: true } }],
    ['no URL', { endpoint: undefined, options: { endpoint: 'nonsense' } }],
  ])('%s: refused for good, at start, and as never sent', async (_, options) => {
    const store = storeOf(options);
    expect(await rejection(store.acquire(request('k'), call))).toMatchObject({
      code: 'LOCK_STORE_REJECTED',
      retryable: false,
    });
    expect(await rejection(store.open())).toMatchObject({ code: 'LOCK_STORE_REJECTED' });
    expect(stub.requests).toBe(0);
  });

  it('a role that cannot be assumed is not a missing right to describe the table', async () => {
    const denied = Object.assign(new Error('Not authorized to perform sts:AssumeRoleWithWebIdentity'), {
      name: 'AccessDenied',
      $fault: 'client',
      $metadata: { httpStatusCode: 403 },
    });
    const store = storeOf({ credentials: () => Promise.reject(denied) });
    const error = await rejection(store.open());
    expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED' });
    expect(error.message).toContain('Check credentials');
  });

  it('an error printed with its cause shows no session token', async () => {
    stub.answer = failure('InvalidSignatureException', {
      message: 'The request signature we calculated does not match.\n\nx-amz-security-token:hush-hush',
    });
    const error = await rejection(storeOf().open());
    expect(error.cause).toMatchObject({ name: 'InvalidSignatureException' });
    expect(inspect(error, { depth: 9 })).not.toContain('hush-hush');
  });

  it.each([false, true])('closed while it opens, tells of no outage (ensureTable %p)', async ensureTable => {
    stub.answer = hang;
    const store = storeOf({ ensureTable });
    const opened = store.open();
    await sleep(50);
    await store.close();
    await opened;
    expect(logger.lines).toEqual([]);
  });

  it('a request handler of the application outlives the store', async () => {
    const done: string[] = [];
    const handler = {
      handle: async () => {
        done.push('handled');
        throw new Error('connect ECONNREFUSED');
      },
      destroy: () => void done.push('destroyed'),
    };
    const store = storeOf({ options: { requestHandler: handler as never } });
    await rejection(store.inspect('k', call));
    await store.close();
    expect(done).toEqual(['handled']);
  });
});
