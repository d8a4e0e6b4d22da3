import { describe, expect, it } from '@jest/globals';
import { StoreRejectedError, StoreUnavailableError } from '../../../lib/core/errors.js';
import { setUp } from './lease-fixtures.js';

describe('a refused acquire', () => {
  it('is told as damage where the token of the row is no number', async () => {
    const { table, acquire } = setUp();
    table.put({
      key: { S: 'k' },
      fencingToken: { S: '7' },
      isReleased: { S: '1' },
      recordVersionNumber: { S: 'v' },
    });
    await expect(acquire()).rejects.toMatchObject({ code: 'LOCK_CORRUPT_LEASE' });
  });

  it('is told as it is where the row cannot be read either', async () => {
    const { table, acquire } = setUp();
    const denied = new StoreRejectedError('not authorized', { retryable: false });
    Object.assign(table, {
      update: () => Promise.reject(denied),
      get: () => Promise.reject(new StoreUnavailableError('no answer', { sent: true })),
    });
    await expect(acquire()).rejects.toBe(denied);
  });
});
