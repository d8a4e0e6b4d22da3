import { describe, expect, it } from '@jest/globals';
import { CorruptLeaseError } from '../../lib/core/errors.js';
import type { CallOptions, LeaseStore } from '../../lib/core/lease-store.js';
import type { SlotLease } from '../../lib/core/lease.js';
import type { BalanceOptions } from '../../lib/engine/pools/balance-options.js';
import type { PoolBalance } from '../../lib/engine/pools/pool-balance.js';
import { useWorld, type Replica } from './world.js';

describe('a balance', () => {
  const world = useWorld();

  interface Worker extends Replica {
    readonly balance: PoolBalance;
    /** `+slot:token` and `-slot:token`, as its hooks are called. */
    readonly log: string[];
  }

  function worker(replica: Replica, slots: object = { slots: 2 }, own: BalanceOptions = {}): Worker {
    const log: string[] = [];
    const note = (sign: string, { slot, fencingToken, isHeld }: SlotLease): void =>
      void log.push(`${sign}${slot}:${fencingToken}${sign === '-' && isHeld ? ' while held' : ''}`);
    const balance = replica.manager.pool('shards', slots as { slots: number }).balance({
      onSlotAcquired: lease => note('+', lease),
      onSlotLost: lease => note('-', lease),
      ...own,
    });
    return { ...replica, balance, log };
  }

  const damaged =
    (damagedKey: RegExp, own: object = {}) =>
    (store: LeaseStore): LeaseStore =>
      Object.create(store, {
        inspect: {
          value: async (key: string, call: CallOptions) => {
            if (damagedKey.test(key)) throw new CorruptLeaseError(key, 'damaged');
            return store.inspect(key, call);
          },
        },
        ...own,
      }) as LeaseStore;

  const replica = (wrap?: (store: LeaseStore) => LeaseStore): Replica =>
    world.replica({ ttl: 3000, ...(wrap && { wrap }) });

  it('ends the term that was lost, and begins the next only then, though that was granted first', async () => {
    await world.until(replica().manager.acquire('pool/shards/1'));
    const a = worker(replica());
    await world.advance(1500);
    const [lease] = a.balance.leases;
    const { key, fencingToken } = lease!;
    // The store loses a grant, and gives the slot to whoever asks next: to this replica, which still looks for a second.
    await world.store.revoke({ key, fencingToken, force: true });
    await world.advance(5000);
    expect(a.log.slice(0, 2)).toEqual([`+0:${fencingToken}`, `-0:${fencingToken}`]);
    expect(a.log).toHaveLength(3);
    expect(a.log[2]).toMatch(/^\+0:/);
    expect(a.balance.leases).toHaveLength(1);
    expect(a.balance.leases[0]!.fencingToken).toBeGreaterThan(fencingToken);
  });

  it.each([
    ['membership', damaged(/members.*\/5$/)],
    [
      'slot, where contenders end leases,',
      damaged(/shards\/1$/, { expiry: { value: 'observed' }, findsSlots: { value: false } }),
    ],
  ])('goes on when the record of one %s is damaged', async (_, wrap) => {
    const a = worker(replica(wrap));
    await world.advance(5000);
    expect(a.balance.leases).toHaveLength(2);
  });

  it('tells when it cannot look, and goes on when it can', async () => {
    const { link, ...rest } = replica();
    link.fail('inspect', { kind: 'reject' } as never);
    const a = worker({ link, ...rest });
    await world.advance(3000);
    expect(a.told('acquire-delayed')[0]).toMatchObject({ key: 'pool/shards', reason: 'unavailable' });
    link.fail('inspect', null);
    await world.advance(2000);
    expect(a.balance.leases).toHaveLength(2);
  });

  it('does not take a hook that passes on why its signal aborted for one that has failed', async () => {
    const untilAbort = ({ signal }: SlotLease): Promise<void> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    const start = (): Worker =>
      worker(world.replica({ ttl: 15_000 }), { slots: 4 }, { onSlotAcquired: untilAbort });
    const a = start();
    await world.advance(1000);
    const b = start();
    await world.advance(2500);
    expect([a.balance.leases.length, b.balance.leases.length]).toEqual([2, 2]);
    await world.until(b.balance.stop());
    await world.advance(2000);
    expect([a.balance.leases.length, a.told('listener-error').length]).toEqual([4, 0]);
  });

  it('does not count replicas that share other slots under the same name', async () => {
    const a = worker(replica(), { ids: ['a', 'b'] });
    const b = worker(replica(), { ids: ['c', 'd'] });
    await world.advance(5000);
    expect([a.balance.leases.length, b.balance.leases.length]).toEqual([2, 2]);
  });

  it('does without hints where a store cannot subscribe', async () => {
    const wrap = (store: LeaseStore): LeaseStore =>
      Object.create(store, {
        whenFreed: { value: () => Promise.reject(new Error('no hints')) },
      }) as LeaseStore;
    const [a, b] = [worker(replica(wrap)), worker(replica(wrap))];
    await world.advance(5000);
    expect([a.balance.leases.length, b.balance.leases.length]).toEqual([1, 1]);
  });

  it('stops once, whoever asks for it meanwhile', async () => {
    const a = worker(replica());
    await world.advance(1500);
    a.manager.on('released', () => void a.balance.stop());
    await world.until(Promise.all([a.balance.stop(), a.balance.stop()]));
    expect(a.log.filter(entry => entry.startsWith('-'))).toHaveLength(2);
  });
});
