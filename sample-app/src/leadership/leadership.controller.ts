import { Controller, Get } from '@nestjs/common';
import {
  InjectLeadershipLock,
  SyncManager,
  type LeaderInfo,
  type LeadershipLock,
  type LeaseRecord,
} from 'nestjs-distributed-lock';
import { TermHistory, type Term } from './term-history.js';

@Controller()
export class LeadershipController {
  constructor(
    private readonly locks: SyncManager,
    @InjectLeadershipLock() private readonly leadership: LeadershipLock,
    private readonly history: TermHistory,
  ) {}

  /** Who leads, by the store. */
  @Get('leader')
  async leader(): Promise<{ leader: LeaderInfo | null }> {
    return { leader: await this.leadership.leader() };
  }

  /** When this replica led. It asks nobody, so it answers while the store is out of reach. */
  @Get('leader/terms')
  terms(): readonly Term[] {
    return this.history.terms;
  }

  /** All keys that are held, by any replica. */
  @Get('locks')
  async held(): Promise<LeaseRecord[]> {
    const records: LeaseRecord[] = [];
    for await (const record of this.locks.list()) {
      if (record.isHeld) records.push(record);
    }
    return records;
  }
}
