import type { LeaderInfo, LeadershipLock, Lease } from '../core/lease.js';
import type { SyncManager } from '../engine/sync-manager.js';

/**
 * What `@InjectLeadershipLock()` injects where leadership is off. Each use throws the manager's `OptionsInvalidError`,
 * which names the remedy; an application that injects it without using it starts.
 */
export class DisabledLeadership implements LeadershipLock {
  constructor(private readonly manager: SyncManager) {}

  get key(): string {
    return this.manager.leadership.key;
  }

  get isLeader(): boolean {
    return this.manager.leadership.isLeader;
  }

  get lease(): Lease | null {
    return this.manager.leadership.lease;
  }

  get lost(): AbortSignal {
    return this.manager.leadership.lost;
  }

  async leader(): Promise<LeaderInfo | null> {
    return this.manager.leadership.leader();
  }

  async resign(): Promise<void> {
    return this.manager.leadership.resign();
  }
}
