import { Logger } from '@nestjs/common';
import type { Clock, LockLogger, RandomSource } from '../core/ports.js';
import { systemClock } from '../platform/system-clock.js';
import { systemRandom } from '../platform/system-random.js';

/** What the module takes from its process. Tests override the provider `LOCK_ENVIRONMENT` to bring their own. */
export interface LockEnvironment {
  clock: Clock;
  random: RandomSource;
  logger: LockLogger;
  /** `NODE_ENV` @default that of the process */
  nodeEnv: string | undefined;
  /** Whether something in this process handles SIGTERM. */
  handlesTermination(): boolean;
}

/** The environment of an application that overrides nothing; logs through Nest's `Logger`. */
export function defaultEnvironment(): LockEnvironment {
  return {
    clock: systemClock,
    random: systemRandom,
    logger: new Logger('DistributedLock'),
    nodeEnv: process.env['NODE_ENV'],
    handlesTermination: () => process.listenerCount('SIGTERM') > 0,
  };
}
