import { describe, expect, it } from '@jest/globals';
import type { LeaseStore, RenewOutcome, RenewRequest } from '../../lib/core/lease-store.js';
import type { Lease } from '../../lib/core/lease.js';
import { useWorld, type Replica } from './world.js';

describe('renewal of many leases', () => {
  const world = useWorld();

  async function manyLeases(
    count: number,
    wrap?: (store: LeaseStore) => LeaseStore,
  ): Promise<[Lease[], Replica]> {
    const replica = world.replica({ ttl: 9000, wrap });
    const leases = await Promise.all(
      Array.from({ length: count }, (_, i) => replica.manager.acquire(`k${i}`)),
    );
    return [leases, replica];
  }

  it('shares one armed timer, and goes out in batches of at most 500', async () => {
    const sizes: number[] = [];
    const [leases, { clock }] = await manyLeases(1200, store =>
      Object.assign(Object.create(store), {
        renewMany: (requests: RenewRequest[], call: any) => (
          sizes.push(requests.length),
          store.renewMany!(requests, call)
        ),
      }),
    );
    await world.settle();
    expect(clock.armedTimers).toBe(1);
    await world.advance(3001);
    expect(sizes).toEqual([500, 500, 200]);
    expect(clock.armedTimers).toBe(1);
    expect(leases.every(({ remainingMs }) => remainingMs > 8900)).toBe(true);
  });

  it('takes along what is due within 10 ms, and nothing that is due later', async () => {
    const { manager, clock, link } = world.replica({ ttl: 9000 });
    const acquireAt = async (ms: number, key: string): Promise<Lease> => {
      await world.advance(ms - clock.monotonicMs());
      return manager.acquire(key);
    };
    const leases = [await acquireAt(0, 'a'), await acquireAt(9, 'b'), await acquireAt(12, 'c')];
    link.calls.length = 0;
    await world.advance(3001 - clock.monotonicMs());
    expect(link.calls.map(({ key }) => key)).toEqual(['a', 'b']);
    await world.advance(12);
    expect(link.calls.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    await world.advance(30_000);
    expect(leases.every(({ isHeld }) => isHeld)).toBe(true);
  });

  it('takes nothing along whose interval is short', async () => {
    const { manager, clock, link } = world.replica({ ttl: 120 });
    await manager.acquire('a');
    await world.advance(3);
    await manager.acquire('b');
    link.calls.length = 0;
    await world.advance(41 - clock.monotonicMs());
    expect(link.calls.map(({ key }) => key)).toEqual(['a']);
  });

  it('one hung renewal of a batch delays no other', async () => {
    const [leases, { link }] = await manyLeases(10);
    link.script('renew', { kind: 'lose-request' });
    await world.advance(3001);
    expect(leases.map(({ remainingMs }) => remainingMs > 8900)).toEqual([false, ...Array(9).fill(true)]);
    await world.advance(30_000);
    expect(leases.every(({ isHeld }) => isHeld)).toBe(true);
  });

  it('the deadline of one lease does not abort the command of the others in its batch', async () => {
    const aborted: number[] = [];
    // Honours the signal, as a good store does: all that is unanswered at the abort is rejected.
    const wrap = (store: LeaseStore): LeaseStore =>
      Object.assign(Object.create(store), {
        renewMany: (requests: RenewRequest[], call: any): Promise<RenewOutcome>[] =>
          requests.map(
            request =>
              new Promise((resolve, reject) => {
                call.signal.addEventListener('abort', () => {
                  aborted.push(Math.round(world.clock.monotonicMs()));
                  reject(call.signal.reason as Error);
                });
                if (request.key === 'hung') return;
                world.clock.startTimer(1000, () => resolve(store.renew(request, call)));
              }),
          ),
      });
    const { manager, told } = world.replica({ ttl: 9000, wrap });
    const hung = await manager.acquire('hung', { commandTimeout: 100 });
    const other = await manager.acquire('other', { commandTimeout: 2000 });
    await world.advance(4001);
    expect(other.remainingMs).toBeGreaterThan(7900);
    expect(told('renewal-failed').map(({ key }) => key)).not.toContain('other');
    expect(hung.isHeld).toBe(true);
    // Nobody waits for the first command any more once the other was answered.
    expect(aborted[0]).toBe(4000);
  });

  it.each<[string, (requests: RenewRequest[]) => any]>([
    [
      'throws',
      () => {
        throw new Error('defect');
      },
    ],
    ['answers nothing at all', () => undefined],
    ['answers too few', () => []],
    ['answers garbage', requests => requests.map(() => 42)],
    ['resolves with undefined', requests => requests.map(() => Promise.resolve(undefined))],
  ])('a renewMany that %s harms no renewal after it', async (_, renewMany) => {
    let isBroken = true;
    const [leases, { told }] = await manyLeases(3, store =>
      Object.assign(Object.create(store), {
        renewMany: (requests: RenewRequest[], call: any) =>
          isBroken ? renewMany(requests) : store.renewMany!(requests, call),
        renew: (request: RenewRequest, call: any) =>
          isBroken ? renewMany([request]) : store.renew(request, call),
      }),
    );
    await world.advance(4000);
    expect(told('renewal-failed').length).toBeGreaterThan(0);
    isBroken = false;
    await world.advance(30_000);
    expect(leases.map(({ isHeld }) => isHeld)).toEqual([true, true, true]);
  });
});
