import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent } from 'node:http';
import { clientSource } from '../../../lib/stores/dynamodb/client-source.js';
import { DynamoDbConnection } from '../../../lib/stores/dynamodb/dynamodb-connection.js';
import type { DynamoDbStoreOptions } from '../../../lib/stores/dynamodb/dynamodb-store-options.js';
import { call, freePort, recordingLogger, rejection, sleep, until, within } from '../../support/fixtures.js';
import {
  credentials,
  failure,
  hang,
  inTurn,
  ok,
  reset,
  respond,
  startStub,
  type StubService,
} from './stub-service.js';

const UPDATE = { TableName: 'locks', Key: { key: { S: 'a' } } };

describe('The client of the DynamoDB store', () => {
  let stub: StubService;
  let logger: ReturnType<typeof recordingLogger>;
  const closers: (() => void)[] = [];

  beforeEach(async () => {
    stub = await startStub();
    stub.answer = ok();
    logger = recordingLogger();
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) close();
    await stub.stop();
  });

  function connect(options: Partial<DynamoDbStoreOptions> = {}): DynamoDbConnection {
    const own = { region: 'eu-west-1', endpoint: stub.endpoint, credentials };
    const source = clientSource({ table: 'locks', ...(options.client ? {} : own), ...options });
    const connection = new DynamoDbConnection(source, logger);
    closers.push(() => connection.close());
    return connection;
  }

  function sdkClient(config: DynamoDBClientConfig = {}): DynamoDBClient {
    const client = new DynamoDBClient({ region: 'x', endpoint: stub.endpoint, credentials, ...config });
    closers.push(() => client.destroy());
    return client;
  }

  describe('made by the store', () => {
    it('connects on first use only, and makes one client for all who come at once', async () => {
      const source = clientSource({ table: 'locks', region: 'x', endpoint: stub.endpoint, credentials });
      let opened = 0;
      const open: typeof source.open = () => (opened++, source.open());
      const connection = new DynamoDbConnection({ ...source, open }, logger);
      closers.push(() => connection.close());
      await sleep(20);
      expect([opened, stub.sockets.size]).toEqual([0, 0]);
      await Promise.all([1, 2, 3].map(() => connection.update(UPDATE, call)));
      expect(opened).toBe(1);
    });

    it.each<[string, DynamoDBClientConfig]>([
      ['by default', {}],
      ['with maxAttempts', { maxAttempts: 5 }],
      ['with an adaptive mode', { retryMode: 'adaptive' }],
      ['with a retryStrategy', { retryStrategy: sdkRetryStrategy(5) }],
    ])('sends each request once (%s)', async (_, options) => {
      stub.answer = failure('InternalServerError', { status: 500 });
      await rejection(connect({ options }).update(UPDATE, call));
      expect(stub.requests).toBe(1);
    });

    it('keeps its connection', async () => {
      const connection = connect();
      for (let i = 0; i < 5; i++) await connection.update(UPDATE, call);
      expect(stub.connections).toBe(1);
    });

    it('sends more requests at once than the 50 that the SDK allows', async () => {
      stub.answer = hang;
      const connection = connect();
      const caller = new AbortController();
      const failures = Array.from({ length: 120 }, () => {
        return rejection(
          connection.update(UPDATE, { timeoutMs: 5000, signal: AbortSignal.any([caller.signal]) }),
        );
      });
      await until(() => stub.requests === 120, 5000, 'all requests');
      caller.abort();
      await Promise.all(failures);
    });

    it('takes options of the SDK, and those of its request handler', async () => {
      let userAgent: string | undefined;
      stub.answer = (request, response) => {
        userAgent = request.headers['user-agent'];
        ok()(request, response);
      };
      const options = { customUserAgent: 'billing/1', requestHandler: { requestTimeout: 500 } };
      const connection = connect({ options });
      await connection.update(UPDATE, call);
      expect(userAgent).toContain('billing/1');
      stub.answer = hang;
      const error = await rejection(connection.update(UPDATE, call));
      expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
      expect(error.message).toContain('500 ms');
    });

    it('gives up a connection that does not come up: never sent', async () => {
      const agent = new Agent({ lookup: () => {} });
      const requestHandler = { connectionTimeout: 100, httpAgent: agent };
      const connection = connect({ endpoint: 'http://some.host', options: { requestHandler } });
      const error = await rejection(connection.update(UPDATE, call));
      expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: false });
      agent.destroy();
    });

    it('lets go of its connections when closed, also of those with a request on the way', async () => {
      const connection = connect();
      await connection.update(UPDATE, call);
      stub.answer = hang;
      const pending = rejection(connection.update(UPDATE, call));
      await until(() => stub.requests === 2, 2000, 'the request');
      connection.close();
      connection.close();
      expect(await pending).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
      await until(() => stub.sockets.size === 0, 2000, 'the end of its connections');
      expect(logger.lines).toEqual([]);
    });

    it('closed while it was being made: is destroyed', async () => {
      const source = clientSource({ table: 'locks', region: 'x', endpoint: stub.endpoint, credentials });
      const disposed: unknown[] = [];
      const connection = new DynamoDbConnection(
        { ...source, dispose: client => void disposed.push(client) },
        logger,
      );
      const failed = rejection(connection.update(UPDATE, call));
      connection.close();
      expect(await failed).toMatchObject({ sent: false });
      expect(disposed).toEqual([undefined, expect.any(DynamoDBClient)]);
      source.dispose(disposed[1] as DynamoDBClient);
    });

    it('closed: sends nothing any more, and says so', async () => {
      const used = connect();
      await used.update(UPDATE, call);
      used.close();
      const unused = connect();
      unused.close();
      for (const connection of [used, unused]) {
        const error = await rejection(connection.update(UPDATE, call));
        expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: false });
      }
      expect(stub.requests).toBe(1);
    });
  });

  describe('of the application', () => {
    it('is used as it is, with its retries', async () => {
      stub.answer = inTurn(reset, ok());
      await connect({ client: sdkClient({ maxAttempts: 3 }) }).update(UPDATE, call);
      expect(stub.requests).toBe(2);
    });

    it.each([
      [undefined, 0],
      [false, 0],
      [true, 1],
    ])(
      'is destroyed with the store only if that was asked for (closeClient %p)',
      async (closeClient, times) => {
        const client = sdkClient();
        let destroyed = 0;
        client.destroy = () => void destroyed++;
        const connection = connect({ client, closeClient });
        await connection.update(UPDATE, call);
        connection.close();
        expect(destroyed).toBe(times);
        expect(await rejection(connection.update(UPDATE, call))).toMatchObject({ sent: false });
      },
    );

    it('is destroyed even if it was never used', async () => {
      const client = sdkClient();
      let destroyed = 0;
      client.destroy = () => void destroyed++;
      connect({ client, closeClient: true }).close();
      expect(destroyed).toBe(1);
    });
  });

  describe('at the deadline', () => {
    it.each(['own', 'borrowed'])(
      'destroys the socket of a request without an answer (%s client)',
      async kind => {
        stub.answer = hang;
        const connection = connect(kind === 'own' ? {} : { client: sdkClient() });
        const startMs = performance.now();
        const failed = rejection(connection.update(UPDATE, within(300)));
        await until(() => stub.requests === 1, 300, 'the request');
        expect(stub.sockets.size).toBe(1);
        expect(await failed).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
        expect(performance.now() - startMs).toBeLessThan(1000);
        await until(() => stub.sockets.size === 0, 1000, "the server's 'close'");
      },
    );

    it('destroys the socket of half an answer, too', async () => {
      stub.answer = (_, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{"Attributes":{');
      };
      const error = await rejection(connect().update(UPDATE, within(200)));
      expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
      await until(() => stub.sockets.size === 0, 1000, "the server's 'close'");
    });

    it('does not wait for credentials, and sends nothing once they come', async () => {
      let give = (): void => {};
      const late = new Promise<typeof credentials>(resolve => (give = () => resolve(credentials)));
      const connection = connect({ credentials: () => late });
      expect(await rejection(connection.update(UPDATE, within(50)))).toMatchObject({ sent: true });
      give();
      await sleep(50);
      expect(stub.requests).toBe(0);
      await connection.update(UPDATE, call);
    });

    it('that has passed before: nothing is sent', async () => {
      const error = await rejection(
        connect().update(UPDATE, { timeoutMs: 100, signal: AbortSignal.abort() }),
      );
      expect(error).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: false });
      expect(stub.requests).toBe(0);
    });

    it('leaves no listener at the signal', async () => {
      const { signal } = new AbortController();
      let listeners = 0;
      const { addEventListener, removeEventListener } = signal;
      signal.addEventListener = (...args: any[]) => (
        listeners++,
        addEventListener.apply(signal, args as any)
      );
      signal.removeEventListener = (...args: any[]) => (
        listeners--,
        removeEventListener.apply(signal, args as any)
      );
      const connection = connect();
      await connection.update(UPDATE, { timeoutMs: 1000, signal });
      stub.answer = respond(500, '');
      await rejection(connection.update(UPDATE, { timeoutMs: 1000, signal }));
      await until(() => listeners === 0, 1000, 'the last listener');
    });
  });

  describe('tells of outages', () => {
    it('once when nobody listens, and once when it is over', async () => {
      const port = await freePort();
      const away = connect({ endpoint: `http://127.0.0.1:${port}` });
      for (const _ of [1, 2, 3]) await rejection(away.update(UPDATE, call));
      expect(logger.lines).toHaveLength(1);
      expect(logger.lines[0]).toMatch(
        new RegExp(`^warn: DynamoDB at http://127.0.0.1:${port} is not reachable \\(.*ECONNREFUSED`),
      );
      expect(away.isKnownDown).toBe(true);
      const back = await startStub(port);
      try {
        back.answer = ok();
        for (const _ of [1, 2]) await away.update(UPDATE, call);
        expect(logger.lines.slice(1)).toEqual([
          `log: DynamoDB at http://127.0.0.1:${port} is reachable again.`,
        ]);
        expect(away.isKnownDown).toBe(false);
      } finally {
        await back.stop();
      }
    });

    it('once when it stops answering, and once when it is over, however often', async () => {
      const connection = connect();
      for (const round of [1, 2]) {
        await connection.update(UPDATE, call);
        stub.answer = respond(503, '');
        for (const _ of [1, 2, 3]) await rejection(connection.update(UPDATE, call));
        stub.answer = ok();
        for (const _ of [1, 2]) await connection.update(UPDATE, call);
        expect(logger.lines).toHaveLength(round * 2);
      }
      expect(logger.lines[2]).toMatch(/^warn: .* is not reachable/);
      expect(logger.lines[3]).toBe(`log: DynamoDB at ${stub.endpoint} is reachable again.`);
    });

    it('but not of single lost replies, of refusals, nor of one slow request among others', async () => {
      const connection = connect();
      for (const _ of [1, 2, 3]) {
        stub.answer = inTurn(reset, ok());
        await rejection(connection.update(UPDATE, call));
        await connection.update(UPDATE, call);
      }
      stub.answer = failure('ThrottlingException');
      for (const _ of [1, 2, 3]) await rejection(connection.update(UPDATE, call));
      stub.answer = hang;
      const slow = [1, 2, 3].map(() => rejection(connection.update(UPDATE, within(200))));
      await until(() => stub.requests === 12, 200, 'the slow requests');
      stub.answer = ok();
      await connection.update(UPDATE, call);
      await Promise.all(slow);
      expect(logger.lines).toEqual([]);
    });

    it('nor of requests that are given up together, as when a manager closes', async () => {
      stub.answer = hang;
      const connection = connect();
      const given = { timeoutMs: 60_000, signal: AbortSignal.timeout(200) };
      await Promise.all([1, 2, 3].map(() => rejection(connection.update(UPDATE, given))));
      expect(logger.lines).toEqual([]);
    });

    it('nor of a request that fails after a later one was answered', async () => {
      const connection = connect();
      stub.answer = reset;
      await rejection(connection.update(UPDATE, call));
      stub.answer = hang;
      const slow = rejection(connection.update(UPDATE, within(500)));
      await until(() => stub.requests === 2, 500, 'the slow request');
      stub.answer = ok();
      await connection.update(UPDATE, call);
      await slow;
      expect(logger.lines).toEqual([]);
    });

    it('without telling a password', async () => {
      const port = await freePort();
      const connection = connect({ endpoint: `http://user:hush@127.0.0.1:${port}` });
      await rejection(connection.update(UPDATE, call));
      expect(logger.lines).toHaveLength(1);
      expect(logger.lines.join()).not.toContain('hush');
      expect(logger.lines.join()).toContain(`@127.0.0.1:${port}`);
    });

    it.each([
      [{ region: 'eu-west-1' }, 'DynamoDB in eu-west-1'],
      [{ options: { region: 'eu-west-2' } }, 'DynamoDB in eu-west-2'],
      [{ region: 'x', endpoint: 'https://db.local?token=hush' }, 'DynamoDB at https://db.local'],
      [{ client: {} as never }, "DynamoDB (the application's client)"],
      [{}, 'DynamoDB'],
    ])('names what it talks to (%j)', (options, target) => {
      expect(clientSource({ table: 'locks', ...options }).target).toBe(target);
    });
  });
});

function sdkRetryStrategy(maxAttempts: number): NonNullable<DynamoDBClientConfig['retryStrategy']> {
  const token = (count: number): any => ({ getRetryCount: () => count, getRetryDelay: () => 0 });
  return {
    acquireInitialRetryToken: async () => token(0),
    refreshRetryTokenForRetry: async (last: any) => {
      if (last.getRetryCount() + 1 >= maxAttempts) throw new Error('no more attempts');
      return token(last.getRetryCount() + 1);
    },
    recordSuccess: () => {},
  };
}
