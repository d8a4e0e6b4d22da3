import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LeaseStore } from '../../../lib/core/lease-store.js';
import { createSeededRandom, VirtualClock } from '../../../lib/testing/index.js';
import { call, grant, rejection, request } from '../../support/fixtures.js';
import { RedisModel } from './redis-model.js';
import { simulatedRedisStore } from './simulated-redis-store.js';
import { StoppableLink } from './stoppable-link.js';

describe('A store on a simulated Redis', () => {
  let clock: VirtualClock;
  let server: RedisModel;
  let link: StoppableLink;
  let store: LeaseStore;
  let stores: LeaseStore[];
  const open = (restartGuard = false): LeaseStore => {
    link = new StoppableLink();
    const random = createSeededRandom(stores.length);
    const parts = { server, link, clock, random, restartGuard, maxTtlMs: 10_000 };
    stores.push(simulatedRedisStore(parts));
    return stores.at(-1)!;
  };
  beforeEach(() => {
    clock = new VirtualClock();
    server = new RedisModel({ clock, uptimeMs: 60_000 });
    stores = [];
    store = open();
  });
  afterEach(async () => {
    for (const each of stores) await each.close?.();
    await clock.settle();
    expect({ timers: clock.armedTimers, connections: server.connections }).toEqual({
      timers: 0,
      connections: 0,
    });
  });

  it('shows the truth about what it was granted', async () => {
    const { owner, fencingToken } = await grant(store, request('key'));
    expect(server.holderOf('key')).toEqual({ owner, token: fencingToken, state: 'held' });
  });

  it('says of a command whose connection broke that it may have been applied, as it was', async () => {
    await grant(store, request('other key'));
    link.hold('requests');
    const asked = request('key', { ttlMs: 9000 });
    const acquiring = rejection(store.acquire(asked, call));
    await clock.settle();
    server.restart({ keeps: 'all' });
    expect(await acquiring).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
    link.release();
    await clock.advance(100);
    expect(server.holderOf('key')).toBeNull();
    await grant(store, request('another key'));
    link.hold('replies');
    const again = rejection(store.acquire(asked, call));
    await clock.advance(5000);
    expect(await again).toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE', sent: true });
    expect(server.holderOf('key')?.owner).toBe(asked.owner);
  });

  it('says of a command for which there was no connection that it was not sent', async () => {
    await grant(store, request('other key'));
    server.stop({ keeps: 'all' });
    await clock.settle();
    expect(await rejection(store.acquire(request('key'), call))).toMatchObject({ sent: false });
    server.start();
    await clock.advance(1000);
    await grant(store, request('key'));
  });

  it('replaces a connection that is silent until the caller gives up', async () => {
    await grant(store, request('other key'));
    link.loseNext();
    const deadline = new AbortController();
    const acquiring = rejection(store.acquire(request('key'), { timeoutMs: 1000, signal: deadline.signal }));
    await clock.advance(1000);
    deadline.abort();
    expect(await acquiring).toMatchObject({ sent: true });
    await clock.advance(50);
    await grant(store, request('key'));
  });

  it('is not granted a key under the restart guard until the server has been up for maxTtl', async () => {
    const guarded = open(true);
    await grant(guarded, request('key'));
    server.restart({ keeps: 'nothing' });
    await clock.advance(100);
    expect(await guarded.acquire(request('key'), call)).toMatchObject({ kind: 'not-yet' });
    await clock.advance(11_000);
    await grant(guarded, request('key'));
  });

  it('hints that a key is free, before a restart of the server and after', async () => {
    const hints: string[] = [];
    const waiting = new AbortController();
    const waiter = open();
    waiter.whenFreed!('key', () => void hints.push('hint'), waiting.signal);
    await clock.settle();
    expect(hints.splice(0)).toEqual(['hint']);
    await store.release(await grant(store, request('key')), call);
    await clock.settle();
    expect(hints.splice(0)).toEqual(['hint']);
    server.restart({ keeps: 'all' });
    await clock.advance(1000);
    expect(hints.splice(0)).toEqual(['hint']);
    await store.release(await grant(store, request('key')), call);
    await clock.settle();
    expect(hints).toEqual(['hint']);
    waiting.abort();
  });

  it('takes the same turns with the same seed', async () => {
    const run = async (): Promise<unknown> => {
      const own = new VirtualClock();
      const model = new RedisModel({ clock: own });
      const told: unknown[] = [];
      const peers = [1, 2, 3].map(seed =>
        simulatedRedisStore({
          ...{ server: model, link: new StoppableLink(), clock: own, random: createSeededRandom(seed) },
          ...{ restartGuard: false, maxTtlMs: 10_000 },
        }),
      );
      for (let turn = 0; turn < 20; turn++) {
        const asked = request('key', { owner: `owner ${turn % 4}`, ttlMs: 1000 });
        told.push(await peers[turn % 3]!.acquire(asked, call).catch(String), model.holderOf('key'));
        if (turn % 7 === 6) model.restart({ keeps: { olderThanMs: 400 } });
        await own.advance(150);
      }
      for (const peer of peers) await peer.close();
      return told;
    };
    expect(await run()).toEqual(await run());
  });
});
