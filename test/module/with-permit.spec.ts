import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { currentLease, type SyncManager, SYNC_MANAGER, WithPermit } from '../../lib/index.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { closeAll, gate, settle, startApp } from './support/app.js';

afterEach(closeAll);

@Injectable()
class Reports {
  running = 0;
  mostAtOnce = 0;
  held = gate();

  @WithPermit('reports', { permits: 3, wait: '5s' })
  async render(id: string): Promise<string> {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.running);
    await settle(3);
    this.running--;
    return `${id} by permit ${currentLease()!.slot}, token ${currentLease()!.fencingToken > 0}`;
  }

  @WithPermit((tenant: string) => `tenant/${tenant}`, { permits: 1, wait: '5s' })
  async perTenant(_tenant: string): Promise<string> {
    await this.held.promise;
    return currentLease()!.key;
  }

  @WithPermit((tenant: string) => `tenant/${tenant}`, {
    permits: 1,
    wait: false,
    ifHeld: (tenant: string) => `${tenant} is busy`,
  })
  async orAnswer(_tenant: string): Promise<string> {
    return 'done';
  }

  @WithPermit((tenant?: string) => `tenant/${tenant}`, { permits: 1 })
  async byMaybe(_tenant?: string): Promise<void> {}

  @WithPermit('reports', { permits: 3 })
  async nested(): Promise<string> {
    return this.render('inner');
  }

  @WithPermit('reports', { permits: 3, ifNested: 'join' })
  async joining(): Promise<unknown> {
    return currentLease()!.slot;
  }

  @WithPermit('reports', { permits: 3 })
  async joined(): Promise<boolean> {
    return (await this.joining()) === currentLease()!.slot;
  }
}

describe('@WithPermit()', () => {
  const start = async (store = memoryStore()): Promise<Reports> =>
    (await startApp({ store, providers: [Reports] })).get(Reports);

  it('lets so many calls run at a time among all replicas, each with a permit of its own', async () => {
    const store = memoryStore();
    const [a, b] = [await start(store), await start(store)];
    const answers = await Promise.all([...'123456'].flatMap(id => [a.render(id), b.render(id)]));
    expect(answers).toHaveLength(12);
    expect(answers.every(answer => /^\d by permit [012], token true$/.test(answer))).toBe(true);
    // Each instance sees its own calls alone.
    expect(Math.max(a.mostAtOnce, b.mostAtOnce)).toBeLessThanOrEqual(3);
    expect(a.mostAtOnce).toBeGreaterThan(0);
  });

  it('takes the name of the pool from the arguments, also one that ends in a number', async () => {
    const reports = await start();
    const first = reports.perTenant('7');
    await settle(2);
    expect(await reports.orAnswer('7')).toBe('7 is busy');
    expect(await reports.orAnswer('8')).toBe('done');
    const second = reports.perTenant('7');
    reports.held.open();
    expect(await Promise.all([first, second])).toEqual(['pool/tenant/7/0', 'pool/tenant/7/0']);
  });

  it('refuses a name that was built from a missing argument', async () => {
    await expect((await start()).byMaybe()).rejects.toThrow(/Reports.byMaybe.*contains 'undefined'/);
  });

  it('refuses to wait for a permit under one of the same pool, or joins', async () => {
    const reports = await start();
    await expect(reports.nested()).rejects.toMatchObject({ code: 'LOCK_SELF_DEADLOCK' });
    expect(await reports.joined()).toBe(true);
  });

  it('is given the permits that the pool of this name hands out', async () => {
    const app = await startApp({ providers: [Reports] });
    const locks = app.get<SyncManager>(SYNC_MANAGER);
    const all = await locks.pool('tenant/7', { slots: 1 }).acquireUpTo(5);
    expect(all).toHaveLength(1);
    expect(await app.get(Reports).orAnswer('7')).toBe('7 is busy');
  });

  it('says while decorating what is wrong', () => {
    const decorate = (options: object) => () => {
      class Wrong {
        async run(): Promise<void> {}
      }
      const descriptor = Object.getOwnPropertyDescriptor(Wrong.prototype, 'run')!;
      WithPermit('reports', options as { permits: number })(Wrong.prototype, 'run', descriptor as never);
    };
    expect(decorate({ permits: 0 })).toThrow(
      /Wrong.run: permits \(0\) must be a whole number from 1 to 4096/,
    );
    expect(decorate({})).toThrow(/Wrong.run: permits \(undefined\) must be/);
    expect(decorate({ permits: 2, ifHeld: 'wait' })).toThrow(/ifHeld/);
  });

  it('has its options checked at start-up', async () => {
    class Unfit {
      @WithPermit('reports', { permits: 3, ttl: '1s', renewEvery: '2s' })
      async run(): Promise<void> {}
    }
    await expect(startApp({ providers: [Unfit] })).rejects.toThrow(
      /@WithPermit\(\) on Unfit.run: renewEvery/,
    );
  });
});
