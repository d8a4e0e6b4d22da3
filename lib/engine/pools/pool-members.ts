import { shortDigest } from '../../core/short-digest.js';
import { isDistributedLockError } from '../../core/errors.js';
import type { LeaseRecord } from '../../core/lease-store.js';
import type { AcquireOptions } from '../../core/options.js';
import { MAX_DRIFT_RATE } from '../../core/lease-timing.js';
import { slotKey } from '../../core/slot-keys.js';
import { Campaign, type CampaignRules } from '../campaign.js';
import type { SyncManager } from '../sync-manager.js';
import { NumberedSource } from './slot-source.js';

/** Where a replica stands among those that share a pool. */
export interface Membership {
  /** How many they are. */
  readonly size: number;
  /** Its place among them, from 0. */
  readonly rank: number;
  /** When the first of the others is over, unless it shows life. */
  readonly changesInMs: number;
}

/** More replicas than that do not take part in one pool. */
const MAX_MEMBERS = 1000;

/** How many members are looked at together. Where none of so many is there, none is expected behind them. */
const LOOK = 8;

/**
 * The replicas that share a pool, found without a coordinator: each holds a slot of a second pool, the lowest that is free, so
 * that to count them is to look at the first few.
 */
export class PoolMembers {
  private readonly source: NumberedSource;
  private readonly campaign: Campaign;
  /** By how much longer a record is watched for whoever asks than members, who know by how much their clocks drift, need. */
  private readonly slackMs: number;

  /**
   * @param poolIdentity pools of one name and other slots are other pools, each with members of its own
   * @param rules what is called once this replica is one of them, and when it cannot become one
   */
  constructor(
    private readonly manager: SyncManager,
    poolIdentity: string,
    poolName: string,
    timing: AcquireOptions,
    rules: Pick<CampaignRules, 'onHeld' | 'onError'>,
  ) {
    const name = `${poolName}/members of ${shortDigest(poolIdentity)}`;
    this.source = new NumberedSource(name, MAX_MEMBERS, manager.store, true);
    const resolved = manager.resolve(this.source.key, timing);
    const { ttlMs, driftRate } = resolved.timing;
    this.slackMs = manager.store.expiry === 'observed' ? ttlMs * (MAX_DRIFT_RATE - driftRate) : 0;
    this.campaign = new Campaign(manager, this.source, resolved, {
      onBlocked: () => undefined,
      onEnded: () => 0,
      ...rules,
    });
  }

  /** Key of the pool of members. */
  get key(): string {
    return this.source.key;
  }

  /** @returns `null` while this replica is none of them @throws StoreUnavailableError and others that `inspect` throws */
  async look(): Promise<Membership | null> {
    const own = this.campaign.lease?.slot as number | undefined;
    if (own === undefined) return null;
    const alive: { slot: number; record: LeaseRecord }[] = [];
    let isGap = false;
    for (let first = 0; first < MAX_MEMBERS; first += LOOK) {
      const found = await this.lookAt(first, Math.min(first + LOOK, MAX_MEMBERS));
      alive.push(...found);
      if (found.length > 0) continue;
      if (first > own) break;
      isGap = true;
    }
    const rank = alive.findIndex(({ slot }) => slot === own);
    if (rank < 0) return null;
    // Others would not look far enough to see this one.
    if (isGap) await this.campaign.lease?.release();
    const others = alive.filter(({ slot }) => slot !== own);
    const changesInMs = Math.min(...others.map(({ record }) => this.leftMs(record)));
    return { size: alive.length, rank, changesInMs };
  }

  /** Leaves them. Never rejects. */
  leave(): Promise<void> {
    return this.campaign.release();
  }

  private async lookAt(first: number, end: number): Promise<{ slot: number; record: LeaseRecord }[]> {
    const slots = Array.from({ length: end - first }, (_, place) => first + place);
    const records = await Promise.all(
      slots.map(slot => inspectSound(this.manager, slotKey(this.source.key, slot))),
    );
    return slots.flatMap((slot, place) => {
      const record = records[place];
      // What is only kept unavailable has no owner.
      if (record?.owner === undefined) return [];
      if (this.leftMs(record) > 0) return [{ slot, record }];
      this.strike(record);
      return [];
    });
  }

  private leftMs({ remainingMs = Infinity }: LeaseRecord): number {
    return remainingMs - this.slackMs;
  }

  /**
   * Where contenders end leases, a dead member stands in the store until somebody takes its place, and who comes meanwhile
   * would count it until he has watched it for a lease. By a revocation and not a takeover, which others would count.
   */
  private strike({ key, fencingToken }: LeaseRecord): void {
    if (this.manager.store.expiry !== 'observed' || fencingToken === undefined) return;
    // One that lives after all joins again; the next look repairs what fails.
    void this.manager.revoke(key, { fencingToken, force: true }).catch(() => undefined);
  }
}

/** As `inspect`; a damaged record tells nothing, and must not keep others from being looked at. */
export async function inspectSound(manager: SyncManager, key: string): Promise<LeaseRecord | null> {
  try {
    return await manager.inspect(key);
  } catch (error) {
    if (isDistributedLockError(error, 'LOCK_CORRUPT_LEASE')) return null;
    throw error;
  }
}
