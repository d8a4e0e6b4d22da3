import { Inject } from '@nestjs/common';
import { LEADERSHIP_LOCK, SYNC_MANAGER } from '../tokens.js';

/**
 * Injects the application's `SyncManager`.
 *
 * In an application `constructor(private readonly locks: SyncManager)` does the same; libraries use this decorator, since
 * a class is another token in the other module format.
 *
 * @example
 * constructor(@InjectSyncManager() private readonly locks: SyncManager) {}
 */
export const InjectSyncManager = (): PropertyDecorator & ParameterDecorator => Inject(SYNC_MANAGER);

/**
 * Injects the application's `LeadershipLock`. With leadership off, each use of it throws `OptionsInvalidError`.
 *
 * @example
 * constructor(@InjectLeadershipLock() private readonly leadership: LeadershipLock) {}
 */
export const InjectLeadershipLock = (): PropertyDecorator & ParameterDecorator => Inject(LEADERSHIP_LOCK);
