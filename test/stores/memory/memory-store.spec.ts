import { describe, expect, it } from '@jest/globals';
import { MemoryLeaseStore, memoryStore } from '../../../lib/stores/memory/index.js';
import { VirtualClock } from '../../../lib/testing/index.js';

function setUp() {
  const clock = new VirtualClock();
  const store = memoryStore({ clock });
  const acquire = (key: string, own = {}) =>
    store.acquire({ key, owner: `owner of ${key}`, ttlMs: 1000, sentAt: 0, ...own });
  const token = async (key: string): Promise<number> => {
    const outcome = await acquire(key);
    return outcome.kind === 'granted' ? outcome.fencingToken : NaN;
  };
  const release = (key: string) => store.release({ key, owner: `owner of ${key}` });
  return { clock, store, acquire, token, release };
}

describe('MemoryLeaseStore', () => {
  it('ends leases by the monotonic clock: no jump of the wall clock does', async () => {
    const { clock, store, acquire } = setUp();
    await acquire('k');
    clock.jumpWall(86_400_000);
    expect(await store.inspect('k')).toMatchObject({ isHeld: true, remainingMs: 1000 });
    clock.jumpWall(-2 * 86_400_000);
    await clock.advance(999);
    expect(await store.inspect('k')).toMatchObject({ isHeld: true });
    await clock.advance(1);
    expect(await store.inspect('k')).toBeNull();
  });

  it('gives growing tokens though the wall clock is set back', async () => {
    const { clock, token, release } = setUp();
    const before = await token('k');
    await release('k');
    clock.jumpWall(-86_400_000);
    const after = await token('k');
    expect(after).toBeGreaterThan(before);
  });

  it('gives tokens of the time in µs', async () => {
    const { clock, token } = setUp();
    expect(await token('k')).toBe(clock.wallMs() * 1000);
  });

  it('needs no timers', async () => {
    const { clock, acquire } = setUp();
    await acquire('k');
    expect(clock.armedTimers).toBe(0);
  });

  it('forgets a key at its release, unless something is kept beside it', async () => {
    const { store, acquire, release } = setUp();
    for (let n = 0; n < 10_000; n++) {
      await acquire(`k${n}`);
      await release(`k${n}`);
    }
    expect(store.size).toBe(0);
    await acquire('kept', { data: 'x' });
    await release('kept');
    expect(store.size).toBe(1);
  });

  it('forgets in passing what has expired and nobody asks for again', async () => {
    const { clock, store, acquire } = setUp();
    for (let n = 0; n < 10_000; n++) await acquire(`dead-${n}`, { data: 'x', dataTtlMs: 2000 });
    await clock.advance(2000);
    for (let n = 0; n < 10_000; n++) await acquire(`new-${n}`);
    expect(store.size).toBeLessThan(10_100);
  });

  it('keeps its leases when one of several managers closes it', async () => {
    const { store, acquire } = setUp();
    await acquire('k');
    await store.close();
    expect(await store.inspect('k')).toMatchObject({ isHeld: true });
    expect(await acquire('other')).toMatchObject({ kind: 'granted' });
  });

  it('says of a kept key that it is held, by nobody in particular', async () => {
    const { store, acquire } = setUp();
    await acquire('k');
    await store.release({ key: 'k', owner: 'owner of k', keepForMs: 500 });
    expect(await store.inspect('k')).toMatchObject({
      isHeld: true,
      owner: undefined,
      holder: undefined,
      remainingMs: 500,
    });
  });

  it('hints after the change, in a later microtask, and keeps no listener that has left', async () => {
    const { clock, store, acquire } = setUp();
    const controller = new AbortController();
    const seen: boolean[] = [];
    await acquire('k');
    store.whenFreed(
      'k',
      () => void store.inspect('k').then(record => seen.push(record !== null)),
      controller.signal,
    );
    await clock.settle();
    await store.release({ key: 'k', owner: 'owner of k' });
    await clock.settle();
    expect(seen).toEqual([true, false]);
    controller.abort();
    await acquire('k');
    await store.release({ key: 'k', owner: 'owner of k' });
    await clock.settle();
    expect(seen).toHaveLength(2);
  });

  it('uses the clock of the process unless told otherwise', async () => {
    const store = new MemoryLeaseStore();
    await store.acquire({ key: 'k', owner: 'me', ttlMs: 60_000, sentAt: 0 });
    const { remainingMs } = (await store.inspect('k'))!;
    expect(remainingMs).toBeGreaterThan(50_000);
    expect(remainingMs).toBeLessThanOrEqual(60_000);
  });
});
