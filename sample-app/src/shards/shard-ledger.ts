/** One replica's time with a shard, by its first and its last write; times are those of the wall clock, in ms. */
export interface Tenure {
  readonly shard: number;
  readonly token: number;
  /** Process that served it. */
  readonly by: number;
  readonly from: number;
  readonly to: number;
}

/** A piece of a shard's work. */
export type Service = Omit<Tenure, 'from' | 'to'> & { readonly at: number };

/** What all replicas together have done. */
export interface ShardAccount {
  readonly accepted: number;
  /** Came with a token older than one that the shard had seen. */
  readonly rejected: number;
  readonly tenures: readonly Tenure[];
}

/**
 * Keeps what was done for each shard, behind a fence for each: whoever was paused or cut off for longer than its lease writes
 * nothing any more once another serves the shard.
 */
export abstract class ShardLedger {
  /** @throws StaleTokenError */
  abstract write(service: Service): Promise<void>;
  abstract account(): Promise<ShardAccount>;
}
