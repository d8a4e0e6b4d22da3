import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import type { LeaseStore } from '../../lib/core/lease-store.js';
import { poolKey, slotKey } from '../../lib/core/slot-keys.js';
import { call, fresh } from '../support/fixtures.js';
import { defaultRedisServer, type RedisServer } from '../support/redis-server.js';
import { inMemory, openRedis } from './stores-under-test.js';
import { runs } from './runs.js';

const SLOTS = 4;

/** Who has a slot, and whether his grant was revoked. */
interface Holding {
  readonly owner: string;
  readonly token: number;
  isRevoked: boolean;
}

const slot = fc.nat(SLOTS - 1);
const owner = fc.constantFrom('ann', 'bob', 'ann2', 'käthe %\n');
const slots = fc.constantFrom(SLOTS, SLOTS, SLOTS, 2, 1);
const step = fc.oneof(
  fc.record({ kind: fc.constant('any' as const), owner, slots, firstSlot: slot }),
  fc.record({ kind: fc.constant('any' as const), owner, slots, firstSlot: slot }),
  fc.record({ kind: fc.constant('own' as const), owner, slot }),
  fc.record({ kind: fc.constant('release any' as const), owner, slots, token: fc.option(slot) }),
  fc.record({ kind: fc.constant('release' as const), owner, slot }),
  fc.record({ kind: fc.constant('revoke' as const), slot, force: fc.boolean() }),
);

/** A pool by the words of the port: what it must answer, beside what a store does. */
class PoolModel {
  private readonly held: (Holding | undefined)[] = Array.from({ length: SLOTS });
  private readonly last: number[] = Array<number>(SLOTS).fill(0);

  constructor(
    private readonly store: LeaseStore,
    private readonly pool: string,
  ) {}

  async run(what: typeof step extends fc.Arbitrary<infer S> ? S : never): Promise<void> {
    switch (what.kind) {
      case 'any': {
        const { owner, slots, firstSlot } = what;
        const request = { key: this.pool, owner, ttlMs: 60_000, sentAt: 1, slots, firstSlot };
        const order = Array.from({ length: slots }, (_, n) => (firstSlot + n) % slots);
        const mine = order.find(each => this.isHeldBy(each, owner));
        const granted = mine ?? order.find(each => this.held[each] === undefined);
        const outcome = await this.store.acquire(request, call);
        if (granted === undefined)
          expect(outcome).toMatchObject({ kind: 'held', freeInMs: expect.any(Number) });
        else {
          expect(outcome).toMatchObject({ kind: 'granted', slot: granted });
          this.granted(granted, owner, (outcome as { fencingToken: number }).fencingToken);
        }
        return;
      }
      case 'own': {
        const request = { key: slotKey(this.pool, what.slot), owner: what.owner, ttlMs: 60_000, sentAt: 1 };
        const isFree = this.held[what.slot] === undefined || this.isHeldBy(what.slot, what.owner);
        const outcome = await this.store.acquire(request, call);
        expect(outcome.kind).toBe(isFree ? 'granted' : 'held');
        if (outcome.kind === 'granted') this.granted(what.slot, what.owner, outcome.fencingToken);
        return;
      }
      case 'release any': {
        const { owner, slots, token } = what;
        const fencingToken = token === null ? undefined : (this.held[token]?.token ?? 1);
        const theirs = this.held.flatMap((each, n) =>
          each?.owner === owner && n < slots && (fencingToken ?? each.token) === each.token ? [n] : [],
        );
        const request = { key: this.pool, owner, slots, fencingToken };
        expect((await this.store.release(request, call)).kind).toBe(
          theirs.length > 0 ? 'released' : 'not-held',
        );
        for (const each of theirs) this.held[each] = undefined;
        return;
      }
      case 'release': {
        const isTheirs = this.held[what.slot]?.owner === what.owner;
        const request = { key: slotKey(this.pool, what.slot), owner: what.owner };
        expect((await this.store.release(request, call)).kind).toBe(isTheirs ? 'released' : 'not-held');
        if (isTheirs) this.held[what.slot] = undefined;
        return;
      }
      case 'revoke': {
        const holding = this.held[what.slot];
        const key = slotKey(this.pool, what.slot);
        const request = { key, fencingToken: holding?.token ?? 1, force: what.force };
        expect(await this.store.revoke(request, call)).toBe(holding !== undefined);
        if (what.force) this.held[what.slot] = undefined;
        else if (holding !== undefined) holding.isRevoked = true;
      }
    }
  }

  /** What is held, and by whom, must be what the store says of each slot. */
  async compare(): Promise<void> {
    for (const [n, holding] of this.held.entries()) {
      const record = await this.store.inspect(slotKey(this.pool, n), call);
      expect([n, record?.owner, record?.fencingToken]).toEqual([n, holding?.owner, holding?.token]);
    }
    await Promise.all(
      this.held.map((each, n) =>
        this.store.release({ key: slotKey(this.pool, n), owner: each?.owner ?? '' }, call),
      ),
    );
  }

  private isHeldBy(n: number, owner: string): boolean {
    return this.held[n]?.owner === owner && !this.held[n].isRevoked;
  }

  private granted(n: number, owner: string, token: number): void {
    if (this.isHeldBy(n, owner)) expect(token).toBe(this.held[n]!.token);
    else expect(token).toBeGreaterThan(this.last[n]!);
    this.held[n] = { owner, token, isRevoked: false };
    this.last[n] = token;
  }
}

async function check(open: () => LeaseStore, count: number): Promise<void> {
  const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async steps => {
    const model = new PoolModel(open(), poolKey(fresh('model')));
    for (const each of steps) await model.run(each);
    await model.compare();
  });
  await fc.assert(property, runs(count));
}

describe('A pool, whatever is done with it, is as the port says', () => {
  let server: RedisServer;
  let client: Redis;
  beforeAll(async () => {
    server = await defaultRedisServer();
    client = new Redis(server.url);
  });
  afterAll(async () => {
    await client.quit();
    await server.stop();
  });

  it('in memory', () => check(() => inMemory().handles[0]!, 1000), 60_000);

  it('in Redis', async () => {
    const redis = await openRedis(server.url, client);
    await check(() => redis.fresh().handles[0]!, 150).finally(() => redis.close());
  }, 120_000);
});
