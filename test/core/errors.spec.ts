import { describe, expect, it } from '@jest/globals';
import * as errors from '../../lib/core/errors.js';

const HOLDER = { service: 'orders', host: 'h1', pid: 7, since: '2026-01-01T00:00:00.000Z' };

const ALL: [errors.DistributedLockError, errors.LockErrorCode, RegExp][] = [
  [
    new errors.LockTimeoutError('k', 1500.4, HOLDER),
    'LOCK_TIMEOUT',
    /'k' was not granted within 1500 ms; held by orders on h1, pid 7, since 2026.*Wait longer/,
  ],
  [new errors.LockTimeoutError('k', 1), 'LOCK_TIMEOUT', /held by another holder/],
  [new errors.LockHeldError('k'), 'LOCK_HELD', /'k' is held by another holder. Try again later/],
  [new errors.LockLostError('k', 'expired'), 'LOCK_LOST', /'k' was lost \(expired\). Stop the work/],
  [new errors.LockReleasedError('k'), 'LOCK_RELEASED', /'k' was released here. Acquire it again/],
  [new errors.StoreUnavailableError('x', { sent: true }), 'LOCK_STORE_UNAVAILABLE', /x/],
  [new errors.StoreRejectedError('x', { retryable: false }), 'LOCK_STORE_REJECTED', /x/],
  [
    new errors.CorruptLeaseError('k', 'no token'),
    'LOCK_CORRUPT_LEASE',
    /'k' cannot be read: no token. Inspect it/,
  ],
  [new errors.ManagerClosedError(), 'LOCK_MANAGER_CLOSED', /closed/],
  [
    new errors.ManagerMissingError('A.b()', 'Import the module.'),
    'LOCK_MANAGER_MISSING',
    /A.b\(\), so it was not run. Import/,
  ],
  [new errors.NotLeaderError('k'), 'LOCK_NOT_LEADER', /does not lead 'k'; the leader is not known. Call/],
  [new errors.NotLeaderError('k', HOLDER), 'LOCK_NOT_LEADER', /the leader is orders on h1/],
  [
    new errors.SelfDeadlockError('k'),
    'LOCK_SELF_DEADLOCK',
    /'k' is already held by this chain of calls.*detached\(\)/,
  ],
  [
    new errors.UnsupportedResultError('A.b()', 'an Observable'),
    'LOCK_UNSUPPORTED_RESULT',
    /A.b\(\) returned an Observable/,
  ],
  [
    new errors.OptionsInvalidError(['ttl is wrong']),
    'LOCK_OPTIONS_INVALID',
    /^LOCK_OPTIONS_INVALID: ttl is wrong$/,
  ],
  [new errors.OptionsInvalidError(['one', 'two']), 'LOCK_OPTIONS_INVALID', /\n- one\n- two$/],
];

describe('errors', () => {
  it.each(ALL)(
    '%p has the code %s, a name, and a message of fact, value and remedy',
    (error, code, message) => {
      expect(error.code).toBe(code);
      expect(error.name).toBe(error.constructor.name);
      expect(error.message).toMatch(message);
      expect(error.message.startsWith(`${code}: `)).toBe(true);
      expect(error).toBeInstanceOf(errors.DistributedLockError);
      expect(errors.isDistributedLockError(error)).toBe(true);
      expect(errors.isDistributedLockError(error, code)).toBe(true);
      expect(errors.isDistributedLockError(error, code === 'LOCK_LOST' ? 'LOCK_HELD' : 'LOCK_LOST')).toBe(
        false,
      );
    },
  );

  it('are told by code across copies of this package, and others are not', () => {
    const foreign = Object.assign(new Error('x'), { code: 'LOCK_HELD' });
    expect(errors.isDistributedLockError(foreign, 'LOCK_HELD')).toBe(true);
    for (const other of [
      null,
      'LOCK_HELD',
      { code: 'LOCK_HELD' },
      Object.assign(new Error('x'), { code: 'ENOENT' }),
    ]) {
      expect(errors.isDistributedLockError(other)).toBe(false);
    }
  });

  it('carry their cause', () => {
    const cause = new Error('why');
    expect(new errors.LockLostError('k', 'expired', { cause }).cause).toBe(cause);
    expect(new errors.StoreUnavailableError('x', { sent: false, cause }).cause).toBe(cause);
  });
});
