import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StoreRejectedError } from '../../../lib/core/errors.js';
import { clientSource } from '../../../lib/stores/dynamodb/client-source.js';
import { DynamoDbConnection } from '../../../lib/stores/dynamodb/dynamodb-connection.js';
import {
  ConditionFailed,
  isAccessDenied,
  isTableMissing,
  reasonOf,
  toStoreError,
} from '../../../lib/stores/dynamodb/dynamodb-errors.js';
import type { DynamoDbStoreOptions } from '../../../lib/stores/dynamodb/dynamodb-store-options.js';
import { call, freePort, rejection, silent, within } from '../../support/fixtures.js';
import {
  breakOff,
  credentials,
  failure,
  hang,
  inTurn,
  reset,
  respond,
  startStub,
  type Answer,
  type StubService,
} from './stub-service.js';

const UPDATE = { TableName: 'locks', Key: { key: { S: 'a' } } };

describe('Failures of DynamoDB', () => {
  let stub: StubService;
  const connections: DynamoDbConnection[] = [];

  beforeEach(async () => {
    stub = await startStub();
  });
  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.close();
    await stub.stop();
  });

  function connect(options: Partial<DynamoDbStoreOptions> = {}): DynamoDbConnection {
    const own = { region: 'eu-west-1', endpoint: stub.endpoint, credentials };
    const source = clientSource({ table: 'locks', ...(options.client ? {} : own), ...options });
    const connection = new DynamoDbConnection(source, silent);
    connections.push(connection);
    return connection;
  }

  /** What a client that sends up to three times throws. */
  function failureOfRetrying(...answers: Answer[]): Promise<any> {
    stub.answer = inTurn(...answers);
    const client = new DynamoDBClient({ region: 'x', endpoint: stub.endpoint, credentials, maxAttempts: 3 });
    return rejection(connect({ client, closeClient: true }).update(UPDATE, call));
  }

  function failureOf(answer: Answer): Promise<any> {
    stub.answer = answer;
    return rejection(connect().update(UPDATE, call));
  }

  it('a failed condition comes with the row as it was, where the service tells', async () => {
    const Item = { key: { S: 'a' }, data: { B: 'AAE=' }, fencingToken: { N: '5' }, sharded: { BOOL: true } };
    const told = await failureOf(failure('ConditionalCheckFailedException', { Item } as object));
    expect(told).toBeInstanceOf(ConditionFailed);
    expect(told.item).toMatchObject({ key: { S: 'a' }, fencingToken: { N: '5' }, sharded: { BOOL: true } });
    expect([...told.item.data.B]).toEqual([0, 1]);
    const untold = await failureOf(failure('ConditionalCheckFailedException'));
    expect(untold).toBeInstanceOf(ConditionFailed);
    expect(untold.item).toBeUndefined();
  });

  it('a failed condition after other attempts is still one: the row tells whether one of them was applied', async () => {
    const error = await failureOfRetrying(reset, failure('ConditionalCheckFailedException'));
    expect(error).toBeInstanceOf(ConditionFailed);
    expect(stub.requests).toBe(2);
  });

  it.each([
    ['an internal error', failure('InternalServerError', { status: 500 }), 'InternalServerError'],
    ['503 with HTML', respond(503, '<html>busy</html>'), ''],
    ['503 without a body', respond(503, ''), ''],
    ['403 with HTML, as of a proxy', respond(403, '<html>no</html>'), ''],
    ['400 without a name', respond(400, '{}'), 'UnknownError'],
    ['200 with garbage', respond(200, '{nonsense'), ''],
    ['a redirect', respond(302, ''), ''],
    ['a reset', reset, 'ECONNRESET'],
    ['a closed connection', ({ socket }) => void socket.end(), 'hang up'],
    ['half an answer', breakOff, 'aborted'],
  ])('%s: no answer, and it may have been applied', async (_, answer, words) => {
    const error = await failureOf(answer);
    expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
    expect(error.message).toContain(words);
    expect(error.message).toContain('may have been applied');
    expect(error.message).not.toContain('\n');
    expect(stub.requests).toBe(1);
  });

  it('no answer until the deadline: it may have been applied', async () => {
    stub.answer = hang;
    const error = await rejection(connect().update(UPDATE, within(100)));
    expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
    expect(error.message).toContain('deadline');
  });

  it.each([
    ['a port where nothing listens', async () => `http://127.0.0.1:${await freePort()}`, 'ECONNREFUSED'],
    ['a name with several addresses', async () => `http://localhost:${await freePort()}`, 'ECONNREFUSED'],
    ['a name that does not resolve', async () => 'http://no-such-host.invalid', 'no-such-host.invalid'],
  ])('%s: never sent', async (_, endpoint, words) => {
    const error = await rejection(connect({ endpoint: await endpoint() }).update(UPDATE, call));
    expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: false });
    expect(error.message).toContain(words);
  });

  it('several addresses, none of which was reached: never sent; one of which failed later: perhaps', () => {
    const connecting = { message: 'connect ETIMEDOUT 10.0.0.1:443' };
    const errors = (second: object): object => ({
      name: 'AggregateError',
      message: '',
      errors: [connecting, second],
    });
    expect(toStoreError(errors(connecting))).toMatchObject({ sent: false });
    expect(toStoreError(errors({ message: 'read ETIMEDOUT' }))).toMatchObject({
      sent: true,
    });
    expect(reasonOf(errors(connecting))).toBe('connect ETIMEDOUT 10.0.0.1:443');
  });

  it('a host that became unreachable on a connection that stood: it may have been applied', () => {
    expect(toStoreError({ message: 'read EHOSTUNREACH' })).toMatchObject({
      sent: true,
    });
  });

  it('no credentials: never sent', async () => {
    const none = (): never => {
      throw Object.assign(new Error('none found'), { name: 'CredentialsProviderError' });
    };
    const error = await rejection(connect({ credentials: async () => none() }).update(UPDATE, call));
    expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: false });
    expect(error.message).toContain('none found');
    expect(stub.requests).toBe(0);
  });

  it('no region: refused for good', async () => {
    const region = async (): Promise<string> => {
      throw new Error('Region is missing');
    };
    const error = await rejection(connect({ region: undefined, options: { region } }).update(UPDATE, call));
    expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: false });
    expect(error.message).toContain('AWS_REGION');
  });

  it.each([
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'ThrottlingException',
    'LimitExceededException',
    'TransactionConflictException',
    'ReplicatedWriteConflictException',
    'RequestTimeTooSkewed',
    'RequestExpired',
    'ExpiredTokenException',
  ])('%s: refused for now', async name => {
    const error = await failureOf(failure(name));
    expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: true });
    expect(error.message).toContain(name);
  });

  it.each([
    'Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z',
    'Signature not yet current: 20260101T010000Z is still later than 20260101T000000Z',
  ])('a clock that is wrong: refused for now (%s)', async message => {
    const error = await failureOf(failure('InvalidSignatureException', { message }));
    expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: true });
  });

  it.each([
    ['AccessDeniedException', 'not authorized to perform', 'docs/dynamodb.md'],
    ['ResourceNotFoundException', 'Requested resource not found', "Create the table 'locks'"],
    [
      'UnrecognizedClientException',
      'The security token included in the request is invalid',
      'Check credentials',
    ],
    ['ValidationException', 'The provided key element does not match the schema', 'partitionKey and sortKey'],
    ['ValidationException', 'Item size to update has exceeded the maximum allowed size', '400 KB'],
    ['SomethingNewException', 'what it says', 'Check the options'],
  ])('%s (%s): refused for good, with a remedy', async (name, message, remedy) => {
    const error = await failureOf(failure(name, { message }));
    expect(error).toMatchObject({ code: 'LOCK_STORE_REJECTED', retryable: false });
    expect(error.message).toContain(`${name}: ${message}`);
    expect(error.message).toContain(remedy);
  });

  it('throttled after a lost reply (SDK retry): the lost attempt may have been applied', async () => {
    const error = await failureOfRetrying(reset, failure('ThrottlingException'));
    expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
    expect(stub.requests).toBe(3);
  });

  it('a host that cannot be connected to any more after a lost reply: it may have been applied', async () => {
    const error = toStoreError({
      syscall: 'connect',
      message: 'connect ECONNREFUSED',
      $metadata: { attempts: 2 },
    });
    expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
  });

  it('refused for good after a lost reply (SDK retry) is no answer: the first may have been applied', async () => {
    const error = await failureOfRetrying(reset, failure('AccessDeniedException'));
    expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
  });

  it('tells one line only, since what follows can be the signed request with its session token', async () => {
    const message = 'The request signature we calculated does not match.\n\nx-amz-security-token:hush-hush';
    const error = await failureOf(failure('InvalidSignatureException', { message }));
    expect(error).toMatchObject({ retryable: false });
    expect(error.message).not.toContain('hush-hush');
    expect(reasonOf(new Error('x'.repeat(1000))).length).toBeLessThan(320);
  });

  it('knows a missing table and a missing right by the answer, before and after it was turned into an error of the port', () => {
    const refusal = (name: string): object => ({
      name,
      $fault: 'client',
      $metadata: { httpStatusCode: 400 },
    });
    for (const wrap of [(error: unknown) => error, (error: unknown) => toStoreError(error)]) {
      expect(isTableMissing(wrap(refusal('ResourceNotFoundException')))).toBe(true);
      expect(isTableMissing(wrap(refusal('ValidationException')))).toBe(false);
      expect(isAccessDenied(wrap(refusal('AccessDeniedException')))).toBe(true);
    }
    expect(isTableMissing(undefined)).toBe(false);
  });

  it('leaves errors of the port as they are', () => {
    const error = new StoreRejectedError('no', { retryable: true });
    expect(toStoreError(error)).toBe(error);
    const condition = new ConditionFailed(undefined);
    expect(toStoreError(condition)).toBe(condition);
  });
});
