import { describeValue } from '../core/describe-value.js';
import { withoutUndefined } from '../core/without-undefined.js';
import type { LockEnvSource } from './env-reader.js';
import { EnvReader } from './env-reader.js';
import type {
  DistributedLockModuleOptions,
  DynamoDbStoreConfig,
  LeadershipOptions,
  RedisStoreConfig,
  StoreConfig,
} from './module-options.js';

const NAMES = [
  'LOCK_STORE',
  'LOCK_SINGLE_PROCESS',
  'LOCK_REDIS_URL',
  'LOCK_REDIS_PREFIX',
  'LOCK_REDIS_MAX_TTL',
  'LOCK_REDIS_RESTART_GUARD',
  'LOCK_REDIS_ALLOW_EVICTION',
  'LOCK_DYNAMODB_TABLE',
  'LOCK_DYNAMODB_REGION',
  'LOCK_DYNAMODB_ENDPOINT',
  'LOCK_DYNAMODB_DIALECT',
  'LOCK_DYNAMODB_PARTITION_KEY',
  'LOCK_DYNAMODB_SORT_KEY_NAME',
  'LOCK_DYNAMODB_SORT_KEY_VALUE',
  'LOCK_DYNAMODB_NAMESPACE',
  'LOCK_DYNAMODB_DELETE_ON_RELEASE',
  'LOCK_DYNAMODB_OWNER_NAME',
  'LOCK_DYNAMODB_ENSURE_TABLE',
  'LOCK_SERVICE',
  'LOCK_URL',
  'LOCK_TTL',
  'LOCK_RENEW_EVERY',
  'LOCK_WAIT',
  'LOCK_POLL_EVERY',
  'LOCK_EXPIRING_AFTER',
  'LOCK_COMMAND_TIMEOUT',
  'LOCK_DRIFT_RATE',
  'LOCK_LEADERSHIP',
  'LOCK_LEADERSHIP_CAMPAIGN',
  'LOCK_LEADERSHIP_TTL',
  'LOCK_LEADERSHIP_KEY',
  'LOCK_SHUTDOWN_TIMEOUT',
] as const;

type Reader = EnvReader<(typeof NAMES)[number]>;

/**
 * Options from environment variables, which the README lists; an absent or empty one leaves the default. Durations are
 * `500` (ms), `30s`, `5m`; switches are `true` or `false`; `LOCK_RENEW_EVERY` and `LOCK_WAIT` may be `false`.
 *
 * @param env where they come from; a `ConfigService` fits @default process.env
 * @throws OptionsInvalidError naming every variable that is wrong, and each that looks like a slip of a known one. What
 *   only shows against other options, such as a `LOCK_RENEW_EVERY` above half of `LOCK_TTL`, is found at start-up
 * @example
 * DistributedLockModule.forRoot(distributedLockOptionsFromEnv())
 */
export function distributedLockOptionsFromEnv(
  env: LockEnvSource = process.env,
): DistributedLockModuleOptions {
  const reader = new EnvReader(env, NAMES, 'LOCK_');
  const options = {
    store: readStore(reader),
    service: reader.text('LOCK_SERVICE'),
    url: reader.text('LOCK_URL'),
    ttl: reader.duration('LOCK_TTL'),
    renewEvery: reader.durationOrOff('LOCK_RENEW_EVERY'),
    wait: reader.durationOrOff('LOCK_WAIT'),
    pollEvery: reader.duration('LOCK_POLL_EVERY'),
    expiringAfter: reader.duration('LOCK_EXPIRING_AFTER'),
    commandTimeout: reader.duration('LOCK_COMMAND_TIMEOUT'),
    driftRate: reader.number('LOCK_DRIFT_RATE'),
    leadership: readLeadership(reader),
    shutdownTimeout: reader.duration('LOCK_SHUTDOWN_TIMEOUT'),
  };
  reader.problems.throwIfAny();
  return withoutUndefined(options) as DistributedLockModuleOptions;
}

function readStore(reader: Reader): StoreConfig | undefined {
  const redis = readRedis(reader);
  const dynamoDb = readDynamoDb(reader);
  const singleProcess = reader.flag('LOCK_SINGLE_PROCESS');
  const isRedis = redis.url !== undefined;
  const isDynamoDb = dynamoDb.table !== undefined;
  const type = reader.text('LOCK_STORE') ?? (isRedis ? 'redis' : isDynamoDb ? 'dynamodb' : undefined);
  if (isRedis && isDynamoDb && reader.text('LOCK_STORE') === undefined) {
    reader.problems.add(
      'LOCK_STORE is missing, and LOCK_REDIS_URL and LOCK_DYNAMODB_TABLE name a store each; set it to redis or dynamodb',
    );
    return undefined;
  }
  if (type === 'memory') return withoutUndefined<StoreConfig>({ type, singleProcess });
  if (type === 'redis') {
    if (!isRedis)
      reader.problems.add("LOCK_REDIS_URL is missing, and LOCK_STORE is 'redis'; try redis://localhost:6379");
    return redis;
  }
  if (type === 'dynamodb') {
    if (!isDynamoDb)
      reader.problems.add("LOCK_DYNAMODB_TABLE is missing, and LOCK_STORE is 'dynamodb'; try locks");
    return dynamoDb as DynamoDbStoreConfig;
  }
  const fact =
    type === undefined ? 'LOCK_STORE is missing' : `LOCK_STORE (${describeValue(type)}) is not known`;
  reader.problems.add(
    `${fact}; set it to redis, along with LOCK_REDIS_URL, to dynamodb, along with LOCK_DYNAMODB_TABLE, or to memory for development`,
  );
  return undefined;
}

function readRedis(reader: Reader): RedisStoreConfig {
  return withoutUndefined<RedisStoreConfig>({
    type: 'redis',
    url: reader.text('LOCK_REDIS_URL'),
    prefix: reader.text('LOCK_REDIS_PREFIX'),
    maxTtl: reader.duration('LOCK_REDIS_MAX_TTL'),
    restartGuard: reader.flag('LOCK_REDIS_RESTART_GUARD'),
    allowEviction: reader.flag('LOCK_REDIS_ALLOW_EVICTION'),
  });
}

function readDynamoDb(reader: Reader): Partial<DynamoDbStoreConfig> {
  return withoutUndefined<Partial<DynamoDbStoreConfig>>({
    type: 'dynamodb',
    table: reader.text('LOCK_DYNAMODB_TABLE'),
    region: reader.text('LOCK_DYNAMODB_REGION'),
    endpoint: reader.text('LOCK_DYNAMODB_ENDPOINT'),
    dialect: reader.oneOf('LOCK_DYNAMODB_DIALECT', ['dynamolock', 'aws-java']),
    partitionKey: reader.text('LOCK_DYNAMODB_PARTITION_KEY'),
    sortKey: readSortKey(reader),
    namespace: reader.text('LOCK_DYNAMODB_NAMESPACE'),
    deleteOnRelease: reader.flag('LOCK_DYNAMODB_DELETE_ON_RELEASE'),
    ownerName: reader.text('LOCK_DYNAMODB_OWNER_NAME'),
    ensureTable: reader.flag('LOCK_DYNAMODB_ENSURE_TABLE'),
  });
}

function readSortKey(reader: Reader): DynamoDbStoreConfig['sortKey'] {
  const name = reader.text('LOCK_DYNAMODB_SORT_KEY_NAME');
  const value = reader.text('LOCK_DYNAMODB_SORT_KEY_VALUE');
  if (name !== undefined && value !== undefined) return { name, value };
  if (name !== undefined || value !== undefined) {
    const [there, missing] = name === undefined ? ['VALUE', 'NAME'] : ['NAME', 'VALUE'];
    reader.problems.add(
      `LOCK_DYNAMODB_SORT_KEY_${missing} is missing, and LOCK_DYNAMODB_SORT_KEY_${there} is set; set both or neither`,
    );
  }
  return undefined;
}

function readLeadership(reader: Reader): LeadershipOptions | false | undefined {
  const leadership = withoutUndefined({
    campaign: reader.flag('LOCK_LEADERSHIP_CAMPAIGN'),
    ttl: reader.duration('LOCK_LEADERSHIP_TTL'),
    key: reader.text('LOCK_LEADERSHIP_KEY'),
  });
  const isOn = reader.flag('LOCK_LEADERSHIP');
  if (isOn === false) return false;
  return isOn === true || Object.keys(leadership).length > 0 ? leadership : undefined;
}
