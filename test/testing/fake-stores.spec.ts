import { describe, expect, it } from '@jest/globals';
import { alwaysGrantedStore, alwaysHeldStore } from '../../lib/testing/index.js';

const CALL = { timeoutMs: 1000 };
const REQUEST = { key: 'k', ttlMs: 1000, sentAt: 5 };

describe('alwaysGrantedStore', () => {
  it('grants to everybody, with growing tokens', async () => {
    const store = alwaysGrantedStore();
    for (const [owner, fencingToken] of [
      ['a', 1],
      ['b', 2],
    ] as const)
      expect(await store.acquire({ ...REQUEST, owner }, CALL)).toMatchObject({
        kind: 'granted',
        fencingToken,
        sentAt: 5,
      });
    expect(await store.renew({ ...REQUEST, owner: 'a', fencingToken: 1, sequence: 1 }, CALL)).toEqual({
      kind: 'renewed',
      sentAt: 5,
    });
    expect(await store.release({ ...REQUEST, owner: 'a' }, CALL)).toEqual({ kind: 'released' });
    expect(await store.inspect('k', CALL)).toBeNull();
  });
});

describe('alwaysHeldStore', () => {
  it('grants to nobody, and names the holder', async () => {
    const holder = { host: 'h', pid: 1, since: '2026-01-01T00:00:00.000Z' };
    const store = alwaysHeldStore(holder);
    expect(await store.acquire({ ...REQUEST, owner: 'a' }, CALL)).toMatchObject({ kind: 'held', holder });
    expect(await store.inspect('k', CALL)).toMatchObject({ isHeld: true, holder });
    for await (const record of store.list('', CALL)) expect(record).toBeUndefined();
  });
});
