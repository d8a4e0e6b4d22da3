/**
 * The public surface. It reaches no backend and no optional package: stores are subpaths, such as
 * `nestjs-distributed-lock/redis`, and the module loads the one that its options name.
 */

export type { Duration } from './core/duration.js';
export {
  CorruptLeaseError,
  DistributedLockError,
  isDistributedLockError,
  KeyAbsentError,
  LockHeldError,
  LockLostError,
  LockReleasedError,
  LockTimeoutError,
  ManagerClosedError,
  ManagerMissingError,
  NotLeaderError,
  OptionsInvalidError,
  SelfDeadlockError,
  StoreRejectedError,
  StoreUnavailableError,
  UnsupportedResultError,
} from './core/errors.js';
export type { LockErrorCode, LossCause } from './core/errors.js';
export type { LockEventListener, LockEvents } from './core/events.js';
export type {
  LeaderInfo,
  LeaderRun,
  Leadership,
  LeadershipLock,
  Lease,
  LeaseSet,
  Lock,
  ReleaseOptions,
  RenewOptions,
  SlotLease,
} from './core/lease.js';
export type {
  AcquireOutcome,
  AcquireRequest,
  CallOptions,
  HolderInfo,
  LeaseAttributes,
  LeaseData,
  LeaseRecord,
  LeaseStore,
  LeaseWrites,
  ReleaseOutcome,
  ReleaseRequest,
  RenewOutcome,
  RenewRequest,
  RevokeRequest,
} from './core/lease-store.js';
export type { AcquireOptions, SyncManagerOptions, TimingOptions, WithLockOptions } from './core/options.js';
export type { Clock, LockLogger, RandomSource, Timer } from './core/ports.js';

export type { LockedRun } from './engine/acquisitions.js';
export { currentLease, detached } from './engine/lease-context.js';
export type { BalanceOptions } from './engine/pools/balance-options.js';
export type { LeasePool, SlotWork } from './engine/pools/lease-pool.js';
export type { PoolBalance } from './engine/pools/pool-balance.js';
export type {
  AcquireSlotOptions,
  ListedSlots,
  NamedSlots,
  NumberedSlots,
  PoolOptions,
  WithSlotOptions,
} from './engine/pools/pool-options.js';
export { SyncManager } from './engine/sync-manager.js';
export type { ManagerEnvironment } from './engine/sync-manager.js';
export { LeadershipCampaign } from './leadership/leadership-campaign.js';
export type {
  LeadershipCampaignOptions,
  LeadershipEvents,
  LeadershipHooks,
} from './leadership/leadership-campaign.js';

export type {
  AsyncMethod,
  GuardedMethodDecorator,
  InsteadOfRunning,
  KeyFunction,
  LeaderOnlyOptions,
  PermitNameFunction,
  WithLockMethodOptions,
  WithPermitMethodOptions,
} from './module/decorators/decorator-types.js';
export { InjectLeadershipLock, InjectSyncManager } from './module/decorators/inject.js';
export { LeaderOnly } from './module/decorators/leader-only.js';
export { WithLock } from './module/decorators/with-lock.js';
export { WithPermit } from './module/decorators/with-permit.js';
export { DistributedLockModule } from './module/distributed-lock.module.js';
export type { LockEnvSource } from './module/env-reader.js';
export { bindLocks } from './module/host-binding.js';
export type { OnLeadershipAcquired, OnLeadershipLost } from './module/leadership-hooks.js';
export type { DistributedLockModuleExtras } from './module/module-definition.js';
export type {
  DistributedLockModuleOptions,
  DistributedLockOptionsFactory,
  DynamoDbStoreConfig,
  LeadershipOptions,
  MemoryStoreConfig,
  RedisStoreConfig,
  StoreConfig,
} from './module/module-options.js';
export { distributedLockOptionsFromEnv } from './module/options-from-env.js';
export { LEADERSHIP_LOCK, SYNC_MANAGER } from './module/tokens.js';
