import { describe, expect, it } from '@jest/globals';
import type { PoolBalance } from '../../lib/engine/pools/pool-balance.js';
import { FaultyStore, type VirtualClock } from '../../lib/testing/index.js';
import { ObservedStore, ObservedTable } from '../testing/observed-store.js';
import { useWorld } from './world.js';

const SLOTS = 12;
const TTL_MS = 3000;
/** Between two looks at who takes part. */
const CHECK_MS = TTL_MS / 6;
/** Until a replica that has watched a record knows that its holder is dead. */
const STALE_MS = TTL_MS * 1.01 + 2;

describe('a pool that is balanced where contenders end leases', () => {
  const world = useWorld();
  let table: ObservedTable;

  interface Worker {
    readonly net: FaultyStore;
    readonly balance: PoolBalance<number>;
    readonly works: Set<number>;
  }

  function worker(): Worker {
    if (world.replicas.length === 0) table = new ObservedTable();
    let net!: FaultyStore;
    const wrap = (_: unknown, clock: VirtualClock): FaultyStore =>
      (net = new FaultyStore(new ObservedStore(table, clock), { clock: world.clock }));
    const { manager } = world.replica({ ttl: TTL_MS, wrap });
    const works = new Set<number>();
    const balance = manager.pool('shards', { slots: SLOTS }).balance({
      onSlotAcquired: ({ slot }) => void works.add(slot),
      onSlotLost: ({ slot }) => void works.delete(slot),
    });
    return { net, balance, works };
  }

  const counts = (workers: readonly Worker[]): number[] => workers.map(({ works }) => works.size);

  /** Lets time pass. @returns for how long a slot had no worker, at most */
  async function longestIdle(workers: readonly Worker[], ms: number): Promise<number> {
    const idleMs = new Array<number>(SLOTS).fill(0);
    let longest = 0;
    await world.everyMs(ms, () => {
      const worked = new Set(workers.flatMap(({ works }) => [...works]));
      for (let slot = 0; slot < SLOTS; slot++) {
        idleMs[slot] = worked.has(slot) ? 0 : idleMs[slot]! + 1;
        longest = Math.max(longest, idleMs[slot]!);
      }
    });
    return longest;
  }

  async function afterADeath(): Promise<Worker[]> {
    const workers = [worker(), worker(), worker()];
    await world.advance(6000);
    expect(counts(workers)).toEqual([4, 4, 4]);
    const [mortal] = workers.splice(1, 1);
    mortal!.net.cut();
    await world.advance(STALE_MS + 1500);
    expect(counts(workers)).toEqual([6, 6]);
    return workers;
  }

  it('gives the slots of one that died to the others, within its TTL, a poll and a second', async () => {
    await afterADeath();
  });

  it('does not let slots lie for one that has died, when another comes', async () => {
    const workers = await afterADeath();
    workers.push(worker());
    expect(await longestIdle(workers, 4000)).toBeLessThan(TTL_MS / 3);
    expect(counts(workers)).toEqual([4, 4, 4]);
  });

  const ARRIVALS = [0, 83, 166, 249, 332, 415, 498, 581];
  it.each(ARRIVALS)(
    'lets a slot lie at a hand-over only until the next look at who takes part (%i ms)',
    async ms => {
      const workers = [worker()];
      await world.advance(2000 + ms);
      workers.push(worker());
      await world.advance(ms);
      workers.push(worker());
      expect(await longestIdle(workers, 4000)).toBeLessThanOrEqual(CHECK_MS);
      expect(counts(workers)).toEqual([4, 4, 4]);
      const stopped = workers[1]!.balance.stop();
      expect(await longestIdle(workers, 4000)).toBeLessThanOrEqual(CHECK_MS);
      await world.until(stopped);
      expect(counts(workers)).toEqual([6, 0, 6]);
    },
  );
});
