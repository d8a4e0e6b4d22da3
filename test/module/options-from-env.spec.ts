import { describe, expect, it } from '@jest/globals';
import { distributedLockOptionsFromEnv as fromEnv } from '../../lib/index.js';

describe('distributedLockOptionsFromEnv()', () => {
  it('reads every variable', () => {
    expect(
      fromEnv({
        LOCK_STORE: 'redis',
        LOCK_REDIS_URL: ' redis://h:6379 ',
        LOCK_REDIS_PREFIX: 'p',
        LOCK_REDIS_MAX_TTL: '2m',
        LOCK_REDIS_RESTART_GUARD: 'false',
        LOCK_REDIS_ALLOW_EVICTION: '1',
        LOCK_SERVICE: 'orders',
        LOCK_URL: 'http://me',
        LOCK_TTL: '30s',
        LOCK_RENEW_EVERY: '5s',
        LOCK_WAIT: 'false',
        LOCK_POLL_EVERY: '500',
        LOCK_EXPIRING_AFTER: '20s',
        LOCK_COMMAND_TIMEOUT: '1s',
        LOCK_DRIFT_RATE: '0.02',
        LOCK_LEADERSHIP_TTL: '5s',
        LOCK_LEADERSHIP_KEY: 'leader',
        LOCK_LEADERSHIP_CAMPAIGN: 'TRUE',
        LOCK_SHUTDOWN_TIMEOUT: '1m',
      }),
    ).toEqual({
      store: {
        type: 'redis',
        url: 'redis://h:6379',
        prefix: 'p',
        maxTtl: 120_000,
        restartGuard: false,
        allowEviction: true,
      },
      service: 'orders',
      url: 'http://me',
      ttl: 30_000,
      renewEvery: 5000,
      wait: false,
      pollEvery: 500,
      expiringAfter: 20_000,
      commandTimeout: 1000,
      driftRate: 0.02,
      leadership: { campaign: true, ttl: 5000, key: 'leader' },
      shutdownTimeout: 60_000,
    });
  });

  it('reads every variable of DynamoDB', () => {
    expect(
      fromEnv({
        LOCK_STORE: 'dynamodb',
        LOCK_DYNAMODB_TABLE: 'locks',
        LOCK_DYNAMODB_REGION: 'eu-central-1',
        LOCK_DYNAMODB_ENDPOINT: 'http://localhost:8000',
        LOCK_DYNAMODB_DIALECT: 'aws-java',
        LOCK_DYNAMODB_PARTITION_KEY: 'id',
        LOCK_DYNAMODB_SORT_KEY_NAME: 'kind',
        LOCK_DYNAMODB_SORT_KEY_VALUE: 'lock',
        LOCK_DYNAMODB_NAMESPACE: 'orders/',
        LOCK_DYNAMODB_DELETE_ON_RELEASE: 'true',
        LOCK_DYNAMODB_OWNER_NAME: 'me',
        LOCK_DYNAMODB_ENSURE_TABLE: '1',
      }).store,
    ).toEqual({
      type: 'dynamodb',
      table: 'locks',
      region: 'eu-central-1',
      endpoint: 'http://localhost:8000',
      dialect: 'aws-java',
      partitionKey: 'id',
      sortKey: { name: 'kind', value: 'lock' },
      namespace: 'orders/',
      deleteOnRelease: true,
      ownerName: 'me',
      ensureTable: true,
    });
  });

  it('takes the store from what names its place, unless two do', () => {
    const both = { LOCK_REDIS_URL: 'redis://h', LOCK_DYNAMODB_TABLE: 'locks' };
    expect(fromEnv({ LOCK_DYNAMODB_TABLE: 'locks' }).store).toEqual({ type: 'dynamodb', table: 'locks' });
    expect(messageOf(() => fromEnv(both))).toMatch(
      /LOCK_STORE is missing, and LOCK_REDIS_URL and LOCK_DYNAMODB_TABLE name a store each; set it to redis or dynamodb/,
    );
    expect(fromEnv({ ...both, LOCK_STORE: 'dynamodb' }).store).toEqual({ type: 'dynamodb', table: 'locks' });
    expect(fromEnv({ ...both, LOCK_STORE: 'redis' }).store).toEqual({ type: 'redis', url: 'redis://h' });
  });

  it('names what is wrong with the variables of DynamoDB', () => {
    const message = messageOf(() =>
      fromEnv({
        LOCK_DYNAMODB_TABLE: 'locks',
        LOCK_DYNAMODB_DIALECT: 'java',
        LOCK_DYNAMODB_SORT_KEY_NAME: 'kind',
        LOCK_DYNAMODB_ENSURE_TABLE: 'perhaps',
        LOCK_DYNAMODB_TABEL: 'locks',
      }),
    );
    expect(message).toContain("LOCK_DYNAMODB_DIALECT ('java') must be dynamolock or aws-java");
    expect(message).toContain(
      'LOCK_DYNAMODB_SORT_KEY_VALUE is missing, and LOCK_DYNAMODB_SORT_KEY_NAME is set; set both or neither',
    );
    expect(message).toContain("LOCK_DYNAMODB_ENSURE_TABLE ('perhaps') must be true or false");
    expect(message).toContain('LOCK_DYNAMODB_TABEL is not known; did you mean LOCK_DYNAMODB_TABLE?');
    const withoutName = { LOCK_DYNAMODB_TABLE: 'locks', LOCK_DYNAMODB_SORT_KEY_VALUE: 'lock' };
    expect(messageOf(() => fromEnv(withoutName))).toContain('LOCK_DYNAMODB_SORT_KEY_NAME is missing');
  });

  it('leaves the defaults of what is absent or empty', () => {
    expect(fromEnv({ LOCK_STORE: 'memory', LOCK_TTL: '', LOCK_SERVICE: ' ' })).toEqual({
      store: { type: 'memory' },
    });
    expect(fromEnv({ LOCK_STORE: 'memory', LOCK_SINGLE_PROCESS: 'true' }).store).toEqual({
      type: 'memory',
      singleProcess: true,
    });
    expect(fromEnv({ LOCK_REDIS_URL: 'redis://h' }).store).toEqual({ type: 'redis', url: 'redis://h' });
  });

  it('turns leadership off and on', () => {
    expect(
      fromEnv({ LOCK_STORE: 'memory', LOCK_LEADERSHIP: 'false', LOCK_LEADERSHIP_TTL: '5s' }).leadership,
    ).toBe(false);
    expect(fromEnv({ LOCK_STORE: 'memory', LOCK_LEADERSHIP: 'true' }).leadership).toEqual({});
  });

  it('reads from a service, with values that it has parsed', () => {
    const values: Record<string, unknown> = {
      LOCK_STORE: 'memory',
      LOCK_TTL: 5000,
      LOCK_LEADERSHIP: false,
      LOCK_URL: null,
    };
    expect(fromEnv({ get: name => values[name] })).toEqual({
      store: { type: 'memory' },
      ttl: 5000,
      leadership: false,
    });
  });

  it('names everything that is wrong in one error, with a remedy', () => {
    const read = () =>
      fromEnv({
        LOCK_STORE: 'etcd',
        LOCK_TTL: 'soon',
        LOCK_WAIT: '-1',
        LOCK_DRIFT_RATE: 'a bit',
        LOCK_SINGLE_PROCESS: 'perhaps',
        LOCK_SHUTDOWN_TIMEOUTS: '5s',
        LOCK_TLL: '5s',
        LOCK_FILE: '/var/lock/other-software',
      });
    expect(read).toThrow(expect.objectContaining({ code: 'LOCK_OPTIONS_INVALID' }));
    const message = messageOf(read);
    expect(message).toContain("LOCK_STORE ('etcd') is not known; set it to redis");
    expect(message).toContain("LOCK_TTL ('soon') must be a duration; try 5000 (ms) or 5s");
    expect(message).toContain("LOCK_WAIT ('-1') must be a duration");
    expect(message).toContain("LOCK_DRIFT_RATE ('a bit') must be a number; try 0.01");
    expect(message).toContain("LOCK_SINGLE_PROCESS ('perhaps') must be true or false");
    expect(message).toContain('LOCK_SHUTDOWN_TIMEOUTS is not known; did you mean LOCK_SHUTDOWN_TIMEOUT?');
    expect(message).toContain('LOCK_TLL is not known; did you mean LOCK_TTL?');
    expect(message).not.toContain('LOCK_FILE');
  });

  it('asks for a store, and for its place', () => {
    expect(messageOf(() => fromEnv({}))).toContain(
      'LOCK_STORE is missing; set it to redis, along with LOCK_REDIS_URL',
    );
    expect(messageOf(() => fromEnv({ LOCK_STORE: 'redis' }))).toContain('LOCK_REDIS_URL is missing');
    expect(messageOf(() => fromEnv({ LOCK_STORE: 'dynamodb' }))).toContain('LOCK_DYNAMODB_TABLE is missing');
  });
});

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
}
