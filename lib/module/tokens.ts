/**
 * Injection tokens. They are global symbols, so that the ESM and the CommonJS build of this package, which may both be
 * loaded in one process, name the same providers.
 */

/** The application's `SyncManager`. */
export const SYNC_MANAGER = Symbol.for('nestjs-distributed-lock:sync-manager');

/** The application's `LeadershipLock`. */
export const LEADERSHIP_LOCK = Symbol.for('nestjs-distributed-lock:leadership-lock');

/** The `LockHost` that decorated classes are given. */
export const LOCK_HOST = Symbol.for('nestjs-distributed-lock:lock-host');

/** The options as the application wrote them. */
export const MODULE_OPTIONS = Symbol.for('nestjs-distributed-lock:module-options');

/** Clock, random source and logger; override it in tests. */
export const LOCK_ENVIRONMENT = Symbol.for('nestjs-distributed-lock:environment');
