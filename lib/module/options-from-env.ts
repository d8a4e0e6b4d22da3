import { describeValue } from '../core/describe-value.js';
import { withoutUndefined } from '../core/without-undefined.js';
import type { LockEnvSource } from './env-reader.js';
import { EnvReader } from './env-reader.js';
import type { DistributedLockModuleOptions, LeadershipOptions, StoreConfig } from './module-options.js';

const NAMES = [
  'LOCK_STORE',
  'LOCK_SINGLE_PROCESS',
  'LOCK_REDIS_URL',
  'LOCK_REDIS_PREFIX',
  'LOCK_REDIS_MAX_TTL',
  'LOCK_REDIS_RESTART_GUARD',
  'LOCK_REDIS_ALLOW_EVICTION',
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
 * Options from environment variables; an absent or empty one leaves the default.
 *
 * `LOCK_STORE` (`redis` or `memory`; may be absent where `LOCK_REDIS_URL` is set), `LOCK_SINGLE_PROCESS`,
 * `LOCK_REDIS_URL`, `LOCK_REDIS_PREFIX`, `LOCK_REDIS_MAX_TTL`, `LOCK_REDIS_RESTART_GUARD`, `LOCK_REDIS_ALLOW_EVICTION`,
 * `LOCK_SERVICE`, `LOCK_URL`, `LOCK_TTL`, `LOCK_RENEW_EVERY`, `LOCK_WAIT`, `LOCK_POLL_EVERY`, `LOCK_EXPIRING_AFTER`,
 * `LOCK_COMMAND_TIMEOUT`, `LOCK_DRIFT_RATE`, `LOCK_LEADERSHIP` (`false`: off), `LOCK_LEADERSHIP_CAMPAIGN`,
 * `LOCK_LEADERSHIP_TTL`, `LOCK_LEADERSHIP_KEY`, `LOCK_SHUTDOWN_TIMEOUT`. Durations are `500` (ms), `'30s'`, `'5m'`;
 * switches are `true` or `false`; `LOCK_RENEW_EVERY` and `LOCK_WAIT` may be `false`.
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
  const url = reader.text('LOCK_REDIS_URL');
  const type = reader.text('LOCK_STORE') ?? (url === undefined ? undefined : 'redis');
  const singleProcess = reader.flag('LOCK_SINGLE_PROCESS');
  const redis = {
    url,
    prefix: reader.text('LOCK_REDIS_PREFIX'),
    maxTtl: reader.duration('LOCK_REDIS_MAX_TTL'),
    restartGuard: reader.flag('LOCK_REDIS_RESTART_GUARD'),
    allowEviction: reader.flag('LOCK_REDIS_ALLOW_EVICTION'),
  };
  if (type === 'memory') return withoutUndefined<StoreConfig>({ type, singleProcess });
  if (type === 'redis') {
    if (url === undefined)
      reader.problems.add("LOCK_REDIS_URL is missing, and LOCK_STORE is 'redis'; try redis://localhost:6379");
    return withoutUndefined<StoreConfig>({ type, ...redis });
  }
  const fact =
    type === undefined ? 'LOCK_STORE is missing' : `LOCK_STORE (${describeValue(type)}) is not known`;
  reader.problems.add(`${fact}; set it to redis, along with LOCK_REDIS_URL, or to memory for development`);
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
