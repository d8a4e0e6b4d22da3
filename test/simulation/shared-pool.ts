import type { LeasePool } from '../../lib/engine/pools/lease-pool.js';
import type { PoolBalance } from '../../lib/engine/pools/pool-balance.js';
import type { NumberedSlots } from '../../lib/engine/pools/pool-options.js';
import { Dice } from './dice.js';
import type { Replica, World } from './replica.js';

/** One process's part in sharing out a pool, and whether its hooks are called as they should. */
export class SharedPool {
  private readonly balance: PoolBalance<number>;
  private readonly dice: Dice;
  /** By slot, how many terms have begun and not ended. */
  private readonly terms = new Map<number, number>();

  constructor(
    private readonly replica: Replica,
    private readonly world: World,
    { name, options }: { readonly name: string; readonly options: object },
  ) {
    this.dice = new Dice(`balance-${world.plan.seed}-${replica.name}`);
    const pool: LeasePool<number> = replica.manager.pool(name, options as NumberedSlots);
    this.balance = pool.balance({
      onSlotAcquired: ({ slot }) => this.hook(slot, 1),
      onSlotLost: ({ slot }) => this.hook(slot, -1),
    });
  }

  /** How many slots it may work on now. */
  get size(): number {
    return this.balance.leases.length;
  }

  /** Work that begins, or ends, takes a while at times. */
  private async hook(slot: number, change: 1 | -1): Promise<void> {
    const { machine, name } = this.replica;
    const terms = (this.terms.get(slot) ?? 0) + change;
    this.terms.set(slot, terms);
    this.replica.tell(`${change > 0 ? 'begins' : 'ends'} with slot ${slot}`);
    if (terms !== (change > 0 ? 1 : 0))
      this.world.oracle.violated('hooks take turns', `${name}: ${terms} terms of slot ${slot} at once`);
    if (this.dice.chance(0.3)) {
      const ms = this.dice.between(0, this.world.plan.ttlMs / 4);
      await new Promise<void>(resolve => void machine.startTimer(ms, resolve));
    }
  }
}
