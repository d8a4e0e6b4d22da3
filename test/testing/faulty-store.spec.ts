import { describe, expect, it } from '@jest/globals';
import type { AcquireRequest } from '../../lib/core/lease-store.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import type { FaultOdds } from '../../lib/testing/index.js';
import {
  createSeededRandom,
  FaultyStore,
  leaseStoreConformance,
  VirtualClock,
} from '../../lib/testing/index.js';

const CALL = { timeoutMs: 1000 };
const REQUEST: AcquireRequest = { key: 'k', owner: 'me', ttlMs: 10_000, sentAt: 0 };

function setUp() {
  const clock = new VirtualClock();
  const inner = memoryStore({ clock });
  return { clock, inner, faulty: new FaultyStore(inner, { clock }) };
}

/** What has become of a promise by now. */
async function stateOf(clock: VirtualClock, promise: Promise<unknown>): Promise<string> {
  let state = 'pending';
  promise.then(
    () => (state = 'resolved'),
    () => (state = 'rejected'),
  );
  await clock.settle();
  return state;
}

describe('FaultyStore', () => {
  describe('undisturbed, conforms as the store within', () => {
    const { clock, faulty } = setUp();
    const harness = {
      ...{ open: async () => faulty, ttlMs: 1000, findsSlots: true },
      elapse: (ms: number) => clock.advance(ms),
    };
    for (const { name, run } of leaseStoreConformance(harness)) it(name, run);
  });

  it('loses a request: the store never sees it, the caller never hears', async () => {
    const { clock, inner, faulty } = setUp();
    const attempt = faulty.script('acquire', { kind: 'lose-request' }).acquire(REQUEST, CALL);
    expect(await stateOf(clock, attempt)).toBe('pending');
    expect(await inner.inspect('k')).toBeNull();
  });

  it.each([
    ['unsent', false],
    ['unanswered', true],
  ] as const)('loses a request and says it was %s', async (settle, sent) => {
    const { inner, faulty } = setUp();
    const attempt = faulty.script('acquire', { kind: 'lose-request', settle }).acquire(REQUEST, CALL);
    await expect(attempt).rejects.toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent });
    expect(await inner.inspect('k')).toBeNull();
  });

  it('loses a reply: the store has applied, the caller never hears', async () => {
    const { clock, inner, faulty } = setUp();
    const attempt = faulty.script('acquire', { kind: 'lose-reply' }).acquire(REQUEST, CALL);
    expect(await stateOf(clock, attempt)).toBe('pending');
    expect((await inner.inspect('k'))?.owner).toBe('me');
  });

  it('loses a reply and says that none came', async () => {
    const { inner, faulty } = setUp();
    faulty.script('acquire', { kind: 'lose-reply', settle: 'unanswered' });
    await expect(faulty.acquire(REQUEST, CALL)).rejects.toMatchObject({ sent: true });
    expect((await inner.inspect('k'))?.owner).toBe('me');
  });

  it('delays the request and the reply apart', async () => {
    const { clock, inner, faulty } = setUp();
    faulty.script('acquire', { kind: 'delay', requestMs: 100, replyMs: 50 });
    const attempt = faulty.acquire(REQUEST, CALL);
    await clock.advance(99);
    expect(await inner.inspect('k')).toBeNull();
    await clock.advance(1);
    expect((await inner.inspect('k'))?.owner).toBe('me');
    expect(await stateOf(clock, attempt)).toBe('pending');
    await clock.advance(50);
    expect(await stateOf(clock, attempt)).toBe('resolved');
    expect(clock.armedTimers).toBe(0);
  });

  it.each([true, false])('refuses, retryable: %s', async retryable => {
    const { inner, faulty } = setUp();
    faulty.script('acquire', { kind: 'reject', retryable });
    await expect(faulty.acquire(REQUEST, CALL)).rejects.toMatchObject({
      code: 'LOCK_STORE_REJECTED',
      retryable,
    });
    expect(await inner.inspect('k')).toBeNull();
  });

  it('follows a script call by call, then passes', async () => {
    const { faulty } = setUp();
    faulty.script('inspect', { kind: 'reject' }, { kind: 'none' }, { kind: 'reject' });
    await expect(faulty.inspect('k', CALL)).rejects.toThrow();
    await expect(faulty.inspect('k', CALL)).resolves.toBeNull();
    await expect(faulty.inspect('k', CALL)).rejects.toThrow();
    await expect(faulty.inspect('k', CALL)).resolves.toBeNull();
  });

  it('fails one method, or all, until told otherwise', async () => {
    const { faulty } = setUp();
    faulty.fail('*', { kind: 'reject' }).fail('inspect', { kind: 'none' });
    await expect(faulty.acquire(REQUEST, CALL)).rejects.toThrow();
    await expect(faulty.list('k', CALL).next()).rejects.toThrow();
    await expect(faulty.inspect('k', CALL)).resolves.toBeNull();
    faulty.fail('*', null);
    await expect(faulty.acquire(REQUEST, CALL)).resolves.toMatchObject({ kind: 'granted' });
  });

  it('swallows requests behind a cut, without an error, and none of them is applied on healing', async () => {
    const { clock, inner, faulty } = setUp();
    const attempt = faulty.cut().acquire(REQUEST, CALL);
    faulty.heal();
    await clock.advance(1000);
    expect(await stateOf(clock, attempt)).toBe('pending');
    expect(await inner.inspect('k')).toBeNull();
    await expect(faulty.acquire(REQUEST, CALL)).resolves.toMatchObject({ kind: 'granted' });
  });

  it('cut for replies only, applies and stays silent', async () => {
    const { clock, inner, faulty } = setUp();
    const attempt = faulty.cut('replies').acquire(REQUEST, CALL);
    expect(await stateOf(clock, attempt)).toBe('pending');
    expect((await inner.inspect('k'))?.owner).toBe('me');
  });

  it('swallows what was on its way when the link was cut', async () => {
    const { clock, inner, faulty } = setUp();
    faulty.fail('acquire', { kind: 'delay', requestMs: 10, replyMs: 10 });
    const attempt = faulty.acquire(REQUEST, CALL);
    await clock.advance(15);
    faulty.cut();
    await clock.advance(100);
    expect(await stateOf(clock, attempt)).toBe('pending');
    expect((await inner.inspect('k'))?.owner).toBe('me');
  });

  it('swallows hints behind a cut, and gives one after healing', async () => {
    const { clock, inner, faulty } = setUp();
    let hints = 0;
    faulty.whenFreed!('k', () => (hints += 1), new AbortController().signal);
    await clock.settle();
    expect(hints).toBe(1);
    faulty.cut();
    await inner.acquire(REQUEST);
    await inner.release(REQUEST);
    await clock.settle();
    expect(hints).toBe(1);
    faulty.heal();
    await clock.settle();
    expect(hints).toBe(2);
  });

  it('loses hints alone', async () => {
    const { clock, faulty } = setUp();
    let hints = 0;
    faulty.loseHints().whenFreed!('k', () => (hints += 1), new AbortController().signal);
    await faulty.acquire(REQUEST, CALL);
    await faulty.release(REQUEST, CALL);
    await clock.settle();
    expect(hints).toBe(0);
  });

  it('disturbs one renewal of many, and no other', async () => {
    const { clock, faulty } = setUp();
    const requests = [];
    for (const key of ['a', 'b', 'c']) {
      const outcome = await faulty.acquire({ ...REQUEST, key }, CALL);
      if (outcome.kind === 'granted')
        requests.push({ ...REQUEST, key, fencingToken: outcome.fencingToken, sequence: 1 });
    }
    faulty.script('renew', { kind: 'none' }, { kind: 'lose-reply' });
    const states = faulty.renewMany!(requests, CALL).map(promise => stateOf(clock, promise));
    expect(await Promise.all(states)).toEqual(['resolved', 'pending', 'resolved']);
  });

  it('counts and remembers calls', async () => {
    const { clock, faulty } = setUp();
    await faulty.acquire(REQUEST, CALL);
    await clock.advance(50);
    await faulty.inspect('k', CALL);
    expect([faulty.count(), faulty.count('acquire'), faulty.count('renew')]).toEqual([2, 1, 0]);
    expect(faulty.calls[0]).toEqual({
      method: 'acquire',
      key: 'k',
      owner: 'me',
      atMs: 0,
      fault: { kind: 'none' },
    });
    expect(faulty.calls[1]).toMatchObject({ method: 'inspect', atMs: 50 });
  });

  it('meets the same faults with the same seed', async () => {
    const kinds = (seed: number, odds: FaultOdds): string[] => {
      const { faulty } = setUp();
      faulty.disturb(createSeededRandom(seed), odds);
      for (let i = 0; i < 1000; i++) faulty.inspect('k', CALL).catch(() => undefined);
      return faulty.calls.map(({ fault }) => fault.kind);
    };
    const odds = { loseRequest: 0.1, loseReply: 0.1, reject: 0.1, delay: 0.2 };
    expect(kinds(3, odds)).toEqual(kinds(3, odds));
    expect(kinds(3, odds)).not.toEqual(kinds(4, odds));
    const count = (kind: string): number => kinds(3, odds).filter(each => each === kind).length;
    expect(count('none')).toBeGreaterThan(400);
    for (const kind of ['lose-request', 'lose-reply', 'reject', 'delay'])
      expect(count(kind)).toBeGreaterThan(50);
  });
});
