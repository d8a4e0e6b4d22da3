import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { LockLostError, SyncManager, type PoolBalance, type SlotLease } from 'nestjs-distributed-lock';
import { setTimeout } from 'node:timers/promises';
import { SHARDS } from '../config.js';
import { StaleTokenError } from '../orders/order-repository.js';
import { ShardLedger } from './shard-ledger.js';

const WORK_EVERY_MS = 100;

/** What this replica does now, and what became of its writes. */
export interface ShardReport {
  readonly pid: number;
  readonly serving: { readonly shard: number; readonly token: number }[];
  readonly accepted: number;
  readonly rejected: number;
}

/** Serves this replica's part of the shards. */
@Injectable()
export class ShardService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ShardService.name);
  /** By shard; what is left of its work. */
  private readonly works = new Map<number, Promise<void>>();
  private readonly counts = { accepted: 0, rejected: 0 };
  private balance: PoolBalance<number> | undefined;

  constructor(
    private readonly locks: SyncManager,
    private readonly ledger: ShardLedger,
  ) {}

  onApplicationBootstrap(): void {
    this.balance = this.locks.pool('shards', { slots: SHARDS }).balance({
      onSlotAcquired: lease => void this.works.set(lease.slot, this.work(lease)),
      onSlotLost: ({ slot }) => this.drain(slot),
    });
  }

  /** The module hands over by itself; waiting for it here keeps the ledger open until the last shard is drained. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.balance?.stop();
  }

  get report(): ShardReport {
    const leases = this.balance?.leases ?? [];
    const serving = leases.map(({ slot, fencingToken }) => ({ shard: slot, token: fencingToken }));
    return { pid: process.pid, serving, ...this.counts };
  }

  private async work(lease: SlotLease<number>): Promise<void> {
    const { signal } = lease;
    while (!signal.aborted) {
      await this.write(lease);
      await setTimeout(WORK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
    // A shard that is handed over is this replica's until its work has ended; one that was lost may be another's.
    if (!(signal.reason instanceof LockLostError)) await this.write(lease);
  }

  private async write({ slot: shard, fencingToken: token }: SlotLease<number>): Promise<void> {
    try {
      await this.ledger.write({ shard, token, by: process.pid, at: Date.now() });
      this.counts.accepted++;
    } catch (error) {
      if (error instanceof StaleTokenError) this.counts.rejected++;
      this.logger.warn(error instanceof Error ? error.message : error);
    }
  }

  private async drain(shard: number): Promise<void> {
    await this.works.get(shard);
    this.works.delete(shard);
  }
}
