import { StaleTokenError } from '../orders/order-repository.js';
import { ShardLedger, type Service, type ShardAccount, type Tenure } from './shard-ledger.js';

/** A ledger in the memory of one process. */
export class MemoryShardLedger extends ShardLedger {
  private readonly newestTokens = new Map<number, number>();
  private readonly tenures = new Map<string, Tenure>();
  private accepted = 0;
  private rejected = 0;

  async write({ shard, token, by, at }: Service): Promise<void> {
    if (token < (this.newestTokens.get(shard) ?? 0)) {
      this.rejected++;
      throw new StaleTokenError(`shard ${shard}`, token);
    }
    this.newestTokens.set(shard, token);
    this.accepted++;
    const id = `${shard} ${token} ${by}`;
    const from = this.tenures.get(id)?.from ?? at;
    this.tenures.set(id, { shard, token, by, from, to: at });
  }

  async account(): Promise<ShardAccount> {
    const { accepted, rejected } = this;
    return { accepted, rejected, tenures: [...this.tenures.values()] };
  }
}
