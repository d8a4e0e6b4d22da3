import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { of } from 'rxjs';
import {
  bindLocks,
  currentLease,
  LEADERSHIP_LOCK,
  LeaderOnly,
  type LeadershipLock,
  LeadershipCampaign,
  NotLeaderError,
  SyncManager,
} from '../../lib/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { FaultyStore } from '../../lib/testing/index.js';
import { closeAll, gate, settle, startApp } from './support/app.js';

afterEach(closeAll);

@Injectable()
class Settlement {
  runs = 0;
  gate = gate();

  @LeaderOnly()
  async sweep(): Promise<string | undefined> {
    this.runs++;
    return currentLease()!.key;
  }

  @LeaderOnly({ otherwise: 'throw' })
  async orThrow(): Promise<string> {
    this.runs++;
    return 'led';
  }

  @LeaderOnly({ otherwise: (id: string) => `not here: ${id}`, wait: false })
  async orAnswer(id: string): Promise<string> {
    return `here: ${id}`;
  }

  @LeaderOnly({ wait: '150ms' })
  async soon(): Promise<boolean | undefined> {
    this.runs++;
    return true;
  }

  @LeaderOnly()
  async fail(error: unknown): Promise<void> {
    throw error;
  }

  @LeaderOnly()
  async stream(): Promise<unknown> {
    return of(1);
  }

  @LeaderOnly()
  async long(): Promise<string | undefined> {
    await this.gate.promise;
    return 'done';
  }
}

const options = { providers: [Settlement], lock: { service: 'orders' } };

async function replicas(): Promise<[leader: Settlement, follower: Settlement, leadership: LeadershipLock]> {
  const store = memoryStore();
  const first = await startApp({ ...options, store });
  await first.get(Settlement).sweep();
  const second = await startApp({ ...options, store });
  first.get(Settlement).runs = 0;
  return [first.get(Settlement), second.get(Settlement), first.get<LeadershipLock>(LEADERSHIP_LOCK)];
}

describe('@LeaderOnly()', () => {
  it('runs on the leader under the leadership lease, and skips elsewhere', async () => {
    const [leader, follower] = await replicas();
    expect(await leader.sweep()).toBe('service/orders/leadership');
    expect(await follower.sweep()).toBeUndefined();
    expect([leader.runs, follower.runs]).toEqual([1, 0]);
  });

  it('throws or answers elsewhere, as otherwise says', async () => {
    const [leader, follower] = await replicas();
    expect(await leader.orThrow()).toBe('led');
    await expect(follower.orThrow()).rejects.toBeInstanceOf(NotLeaderError);
    await expect(follower.orThrow()).rejects.toThrow(
      /does not lead 'service\/orders\/leadership'; the leader is orders on/,
    );
    expect(await leader.orAnswer('7')).toBe('here: 7');
    expect(await follower.orAnswer('7')).toBe('not here: 7');
  });

  it('waits for the first election, at most as long as wait', async () => {
    const store = new FaultyStore(memoryStore());
    store.cut('both');
    const app = await startApp({ ...options, store, lock: { service: 'orders', leadership: { ttl: '1s' } } });
    const settlement = app.get(Settlement);
    expect(await settlement.soon()).toBeUndefined();
    const waiting = settlement.sweep();
    store.heal();
    expect(await waiting).toBe('service/orders/leadership');
  });

  it('does not wait where this replica does not campaign', async () => {
    const app = await startApp({ ...options, lock: { service: 'orders', leadership: { campaign: false } } });
    const startedAt = performance.now();
    expect(await app.get(Settlement).sweep()).toBeUndefined();
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(await app.get<LeadershipLock>(LEADERSHIP_LOCK).leader()).toBeNull();
  });

  it('passes on the exception of the method itself (#26)', async () => {
    const [leader] = await replicas();
    for (const error of [new RangeError('own'), new NotLeaderError('another'), undefined]) {
      await expect(leader.fail(error)).rejects.toBe(error);
    }
  });

  it('refuses results that would run after the term', async () => {
    const [leader] = await replicas();
    await expect(leader.stream()).rejects.toMatchObject({ code: 'LOCK_UNSUPPORTED_RESULT' });
  });

  it('hands leadership over only after the method has ended', async () => {
    const [leader, follower, leadership] = await replicas();
    const work = leader.long();
    const outcome = work.catch((error: unknown) => error);
    await settle();
    const resigned = leadership.resign({ cooldown: '5s' });
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(await follower.sweep()).toBeUndefined();
    leader.gate.open();
    await outcome;
    await resigned;
    expect(leadership.isLeader).toBe(false);
  });

  it('is not run, with a remedy, where leadership is off', async () => {
    const app = await startApp({ ...options, lock: { leadership: false } });
    await expect(app.get(Settlement).sweep()).rejects.toThrow(/LOCK_OPTIONS_INVALID: leadership \(off\)/);
    expect(app.get(Settlement).runs).toBe(0);
  });

  it('is not run without a manager (#27)', async () => {
    await expect(new Settlement().sweep()).rejects.toMatchObject({ code: 'LOCK_MANAGER_MISSING' });
  });

  it('can be unit-tested with bindLocks and a campaign', async () => {
    const manager = new SyncManager({ store: memoryStore() });
    const campaign = new LeadershipCampaign(manager, { service: 'test' });
    manager.attachLeadership(campaign);
    campaign.start();
    expect(await bindLocks(new Settlement(), manager).sweep()).toBe('service/test/leadership');
    await campaign.stop({ timeoutMs: 100 });
    await manager.close();
  });

  it('refuses wrong options and static methods while decorating', () => {
    class Jobs {}
    const decorate = (given: any, target: object = Jobs.prototype) =>
      LeaderOnly(given)(target, 'run', { value: async () => undefined } as any);
    expect(() => decorate({ otherwise: 'ignore' })).toThrow(/otherwise \('ignore'\) of Jobs\.run must be/);
    expect(() => decorate({ wait: 'long' })).toThrow(
      /wait \('long'\) of Jobs\.run must be a bounded duration/,
    );
    expect(() => decorate({ wait: Infinity })).toThrow(/must be a bounded duration/);
    expect(() => decorate({}, Jobs)).toThrow(/@LeaderOnly\(\) on Jobs\.run: a static method/);
  });
});
