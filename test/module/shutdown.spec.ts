import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import {
  currentLease,
  LEADERSHIP_LOCK,
  LeaderOnly,
  type LeadershipLock,
  SyncManager,
  SYNC_MANAGER,
  WithLock,
} from '../../lib/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { VirtualClock } from '../../lib/testing/index.js';
import { builderOf, closeAll, closeLater, gate, LogLines, settle, startApp } from './support/app.js';

afterEach(closeAll);

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

@Injectable()
class Jobs {
  gate = gate();
  events: string[] = [];
  signal: AbortSignal | undefined;

  @LeaderOnly()
  async lead(): Promise<string | undefined> {
    this.signal = currentLease()!.signal;
    await this.gate.promise;
    this.events.push('leader work ended');
    return 'led';
  }

  @WithLock('work')
  async work(): Promise<string> {
    this.signal = currentLease()!.signal;
    await this.gate.promise;
    this.events.push('work ended');
    return 'worked';
  }

  @WithLock('quick')
  async quick(): Promise<string> {
    return 'ran';
  }

  @WithLock('quick', { ifHeld: 'skip' })
  async quickOrSkip(): Promise<string | undefined> {
    return 'ran';
  }

  @LeaderOnly({ otherwise: () => 'elsewhere' })
  async quickLead(): Promise<string> {
    return 'led';
  }
}

const lock = { service: 'orders', leadership: { ttl: '2s' as const }, shutdownTimeout: '2s' as const };

async function started(more: Parameters<typeof startApp>[0] = {}) {
  const app = await startApp({
    ...more,
    providers: [Jobs, ...(more.providers ?? [])],
    lock: { ...lock, ...more.lock },
  });
  const jobs = app.get(Jobs);
  await jobs.quickLead();
  return {
    app,
    jobs,
    manager: app.get<SyncManager>(SYNC_MANAGER),
    leadership: app.get<LeadershipLock>(LEADERSHIP_LOCK),
  };
}

/** Runs `probe` in each hook of the shutdown, after the lock module's own. */
function probeModule(probe: (hook: string) => Promise<void>) {
  @Injectable()
  class Probe {
    onModuleDestroy = () => probe('onModuleDestroy');
    beforeApplicationShutdown = () => probe('beforeApplicationShutdown');
    onApplicationShutdown = () => probe('onApplicationShutdown');
  }
  @Module({ providers: [Probe] })
  class ProbeModule {}
  return ProbeModule;
}

describe('shutdown', () => {
  it('skips leader-only calls and those with ifHeld: skip from onModuleDestroy on; others work until the end', async () => {
    const seen: Record<string, unknown[]> = {};
    const holder: { jobs?: Jobs } = {};
    const probe = probeModule(async hook => {
      await settle();
      const jobs = holder.jobs!;
      const outcomes = [jobs.quick(), jobs.quickOrSkip(), jobs.quickLead()];
      seen[hook] = (await Promise.allSettled(outcomes)).map(outcome =>
        outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as { code: string }).code,
      );
    });
    const { app, jobs } = await started({ imports: [probe] });
    holder.jobs = jobs;
    expect(await jobs.quickOrSkip()).toBe('ran');
    await app.close();
    expect(seen['beforeApplicationShutdown']).toEqual(['ran', undefined, 'elsewhere']);
    expect(Object.keys(seen)).toEqual([
      'onModuleDestroy',
      'beforeApplicationShutdown',
      'onApplicationShutdown',
    ]);
    expect(await jobs.quickOrSkip()).toBeUndefined();
    expect(await jobs.quickLead()).toBe('elsewhere');
    await expect(jobs.quick()).rejects.toMatchObject({ code: 'LOCK_MANAGER_CLOSED' });
  });

  it('lets leader-only work end, its signal quiet, before leadership goes to the next', async () => {
    const store = memoryStore();
    const first = await started({ store });
    const second = await started({ store });
    const work = first.jobs.lead();
    await settle();
    const closing = first.app.close();
    await pause(100);
    expect(first.jobs.signal!.aborted).toBe(false);
    expect(second.leadership.isLeader).toBe(false);
    first.jobs.gate.open();
    expect(await work).toBe('led');
    await closing;
    expect(first.jobs.signal!.aborted).toBe(true);
  });

  it('keeps a follower from being elected while it shuts down, however slow the hooks of others are', async () => {
    const store = memoryStore();
    const first = await startApp({ store, lock });
    await settle();
    expect(first.get<LeadershipLock>(LEADERSHIP_LOCK).isLeader).toBe(true);
    const slow = gate();
    const probe = probeModule(hook =>
      hook === 'beforeApplicationShutdown' ? slow.promise : Promise.resolve(),
    );
    const second = await started({ store, imports: [probe] });
    const closing = second.app.close();
    await settle();
    await first.close();
    await pause(50);
    expect(second.leadership.isLeader).toBe(false);
    slow.open();
    await closing;
  });

  it('lets locked work end within the budget, then frees the key', async () => {
    const store = memoryStore();
    const { app, jobs } = await started({ store });
    const work = jobs.work();
    await settle();
    const closing = app.close().then(() => jobs.events.push('closed'));
    await pause(60);
    expect(jobs.signal!.aborted).toBe(false);
    jobs.gate.open();
    expect(await work).toBe('worked');
    await closing;
    expect(jobs.events).toEqual(['work ended', 'closed']);
    expect((await store.inspect('work'))?.isHeld ?? false).toBe(false);
  });

  it.each(['work', 'lead'] as const)(
    'aborts at the end of the budget what still runs, and leaves its lease to the TTL (#19): %s',
    async name => {
      const store = memoryStore();
      const { app, jobs } = await started({ store, lock: { shutdownTimeout: 150 } });
      const outcome = jobs[name]().catch((error: unknown) => error);
      await settle();
      const startedAt = performance.now();
      await app.close();
      expect(performance.now() - startedAt).toBeLessThan(1000);
      expect(jobs.signal!.aborted).toBe(true);
      const key = name === 'work' ? 'work' : 'service/orders/leadership';
      expect((await store.inspect(key))?.isHeld).toBe(true);
      jobs.gate.open();
      await outcome;
      expect((await store.inspect(key))?.isHeld).toBe(true);
    },
  );

  it('spends one budget on leader-only and other work together', async () => {
    const { app, jobs } = await started({ lock: { shutdownTimeout: 300 } });
    const outcomes = [jobs.lead(), jobs.work()].map(work => work.catch(() => undefined));
    await settle();
    const startedAt = performance.now();
    await app.close();
    expect(performance.now() - startedAt).toBeLessThan(900);
    jobs.gate.open();
    await Promise.all(outcomes);
  });

  it('serves requests with @WithLock() until the server has closed', async () => {
    const inside = gate();
    const proceed = gate();
    @Controller()
    class Pay {
      @Get()
      @WithLock('pay')
      async pay(): Promise<string> {
        inside.open();
        await proceed.promise;
        return `paid under ${currentLease()!.key}, held: ${currentLease()!.isHeld}`;
      }
    }
    const testing = await builderOf({ controllers: [Pay], lock }).compile();
    const app = closeLater(testing.createNestApplication({ logger: new LogLines() }));
    await app.listen(0);
    const response = fetch(await app.getUrl(), { headers: { connection: 'close' } });
    await inside.promise;
    const closing = app.close();
    await pause(50);
    proceed.open();
    expect(await (await response).text()).toBe('paid under pay, held: true');
    await closing;
  });

  it('stops campaigns at the first hook, and releases what they hold at the last', async () => {
    const seen: Record<string, boolean> = {};
    const probe = probeModule(async hook => {
      if (hook === 'beforeApplicationShutdown') seen[hook] = campaign.isHeld;
    });
    const { app, manager } = await started({ imports: [probe] });
    const campaign = manager.lock('campaign');
    const lease = await campaign.lock();
    await app.close();
    expect(seen).toEqual({ beforeApplicationShutdown: true });
    expect(campaign.isHeld).toBe(false);
    expect(lease.signal.reason).toMatchObject({ code: 'LOCK_RELEASED' });
  });

  it('closes an application that was never initialised', async () => {
    const app = await builderOf({ lock }).compile();
    await app.close();
    expect(app.get<SyncManager>(SYNC_MANAGER).isClosing).toBe(true);
  });
});

describe('a missing enableShutdownHooks()', () => {
  it.each([
    [false, 'production', 1],
    [true, 'production', 0],
    [false, 'test', 0],
  ])(
    'is warned of after bootstrap (handled: %s, NODE_ENV: %s)',
    async (handlesTermination, nodeEnv, lines) => {
      const clock = new VirtualClock();
      const log = new LogLines();
      const store = { type: 'memory' as const, singleProcess: true };
      const app = await startApp({ lock: { store }, clock, log, nodeEnv, handlesTermination });
      await clock.advance(2000);
      expect(log.count('Nothing handles SIGTERM')).toBe(lines);
      expect(log.count('Call app.enableShutdownHooks().')).toBe(lines);
      const closing = app.close();
      await clock.advance(1000);
      await closing;
    },
  );
});
