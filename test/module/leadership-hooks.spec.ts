import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Module, Scope } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import {
  LEADERSHIP_LOCK,
  type LeadershipLock,
  type Lease,
  type OnLeadershipAcquired,
  type OnLeadershipLost,
} from '../../lib/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { closeAll, gate, LogLines, settle, startApp } from './support/app.js';

afterEach(closeAll);

const lock = { service: 'orders', leadership: { ttl: 1000 } };

class Recorder implements OnLeadershipAcquired, OnLeadershipLost {
  seen: string[] = [];
  onLeadershipAcquired(lease: Lease): void {
    this.seen.push(`acquired:${lease.isHeld}`);
  }
  onLeadershipLost(): void {
    this.seen.push('lost');
  }
}

@Injectable()
class ByClass extends Recorder {}
@Controller()
class ByController extends Recorder {}

async function leads(app: { get(token: symbol): unknown }): Promise<LeadershipLock> {
  const leadership = app.get(LEADERSHIP_LOCK) as LeadershipLock;
  for (let i = 0; i < 200 && !leadership.isLeader; i++) await new Promise(resolve => setTimeout(resolve, 10));
  expect(leadership.isLeader).toBe(true);
  await settle();
  return leadership;
}

describe('leadership hooks', () => {
  it('are called once per term on classes, values, factories and controllers, aliases counted once', async () => {
    const byValue = new Recorder();
    const app = await startApp({
      lock,
      providers: [
        ByClass,
        { provide: 'value', useValue: byValue },
        { provide: 'factory', useFactory: () => new Recorder() },
        { provide: 'alias', useExisting: ByClass },
      ],
      controllers: [ByController],
    });
    const leadership = await leads(app);
    const all = [ByClass, 'value', 'factory', ByController].map(token => app.get<Recorder>(token));
    expect(all.map(recorder => recorder.seen)).toEqual(all.map(() => ['acquired:true']));
    await leadership.resign({ cooldown: 0 });
    await leads(app);
    expect(all.map(recorder => recorder.seen)).toEqual(
      all.map(() => ['acquired:true', 'lost', 'acquired:true']),
    );
  });

  it('are called on providers of modules that were loaded lazily before the term', async () => {
    @Module({ providers: [ByClass] })
    class LazyModule {}
    const store = memoryStore();
    const other = await startApp({ lock, store });
    await leads(other);
    const app = await startApp({ lock, store });
    const lazy = await app.get(LazyModuleLoader).load(() => LazyModule);
    await other.close();
    await leads(app);
    expect(lazy.get(ByClass).seen).toEqual(['acquired:true']);
  });

  it('resign when one fails, naming it; those of other providers end first', async () => {
    const slow = gate();
    @Injectable()
    class Failing {
      onLeadershipAcquired(): void {
        throw new Error('no connection');
      }
    }
    @Injectable()
    class Slow {
      seen: string[] = [];
      onLeadershipLost = (): void => void this.seen.push('lost');
      async onLeadershipAcquired(): Promise<void> {
        await slow.promise;
        this.seen.push('acquired');
      }
    }
    const log = new LogLines();
    const app = await startApp({ lock, providers: [Failing, Slow], log });
    const leadership = app.get<LeadershipLock>(LEADERSHIP_LOCK);
    await new Promise(resolve => setTimeout(resolve, 30));
    expect(leadership.isLeader).toBe(true);
    slow.open();
    await new Promise(resolve => setTimeout(resolve, 30));
    expect(leadership.isLeader).toBe(false);
    expect(app.get(Slow).seen).toEqual(['acquired', 'lost']);
    expect(log.count('error: Failing.onLeadershipAcquired failed: no connection')).toBe(1);
    expect(log.count('it resigns')).toBe(1);
  });

  it('that fail at the end of a term are logged, and skip none of the others', async () => {
    @Injectable()
    class Failing {
      onLeadershipLost(): Promise<void> {
        return Promise.reject(new Error('no connection'));
      }
    }
    const log = new LogLines();
    const app = await startApp({ lock, providers: [Failing, ByClass], log });
    const leadership = await leads(app);
    await leadership.resign();
    expect(app.get(ByClass).seen).toEqual(['acquired:true', 'lost']);
    expect(log.count('error: Failing.onLeadershipLost failed: no connection')).toBe(1);
  });

  it('of a request-scoped or transient provider are refused with a warning', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest extends Recorder {}
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient extends Recorder {}
    const log = new LogLines();
    const app = await startApp({ lock, providers: [PerRequest, Transient], log });
    await leads(app);
    expect(log.count('The leadership hooks of PerRequest are never called')).toBe(1);
    expect(log.count('The leadership hooks of Transient are never called')).toBe(1);
  });
});

describe('leadership hooks where leadership is off', () => {
  it('of values are warned of, since start-up knows only of classes', async () => {
    const log = new LogLines();
    await startApp({ log, providers: [{ provide: 'value', useValue: new Recorder() }] });
    await startApp({ log, providers: [ByClass], lock: { leadership: false } });
    expect(log.count('hooks of Recorder are never called, since leadership is off; set service')).toBe(1);
    expect(log.count('hooks of ByClass are never called, since leadership is off')).toBe(1);
  });
});

describe('lost-hooks and shutdown (#19)', () => {
  it('are called before leadership is released to the next', async () => {
    const ended = gate();
    let nextLeads: boolean | undefined;
    @Injectable()
    class Slow {
      async onLeadershipLost(): Promise<void> {
        await ended.promise;
        nextLeads = other.isLeader;
      }
    }
    const store = memoryStore();
    const app = await startApp({ lock, store, providers: [Slow] });
    await leads(app);
    const follower = await startApp({ lock, store });
    const other = follower.get<LeadershipLock>(LEADERSHIP_LOCK);
    const closing = app.close();
    await new Promise(resolve => setTimeout(resolve, 50));
    ended.open();
    await closing;
    await leads(follower);
    expect(nextLeads).toBe(false);
  });

  it('that overrun the budget do not hold up shutdown, nor release leadership while they run', async () => {
    const never = gate();
    @Injectable()
    class Stuck {
      onLeadershipLost = (): Promise<void> => never.promise;
    }
    const store = memoryStore();
    const app = await startApp({ lock: { ...lock, shutdownTimeout: 100 }, store, providers: [Stuck] });
    await leads(app);
    const startedAt = performance.now();
    await app.close();
    expect(performance.now() - startedAt).toBeLessThan(700);
    const row = await store.inspect('service/orders/leadership');
    expect(row?.isHeld).toBe(true);
    never.open();
  });
});
