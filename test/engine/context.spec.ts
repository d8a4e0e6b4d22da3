import { describe, expect, it } from '@jest/globals';
import { currentLease } from '../../lib/engine/lease-context.js';
import type { EventName } from './world.js';
import { track, useWorld } from './world.js';

describe('whose context the engine’s own work runs in', () => {
  const world = useWorld();

  it('listeners that a timer or a turn in the queue calls are outside every lease', async () => {
    const { manager, link } = world.replica({ ttl: 1000, expiringAfter: 500 });
    const other = world.replica({ ttl: 1000 });
    const contexts = new Map<string, string | undefined>();
    const note = (name: string): void => void contexts.set(name, contexts.get(name) ?? currentLease()?.key);
    const names: EventName[] = [
      'acquired',
      'renewed',
      'renewal-failed',
      'expiring',
      'lost',
      'waiting',
      'acquire-delayed',
    ];
    const run = track(
      manager.withLock('outer', { ttl: '1h' }, async () => {
        for (const name of names) manager.on(name, ({ key }: any) => key === 'inner' && note(name));
        const held = await other.manager.acquire('inner');
        const wait = manager.acquire('inner', { wait: '1m' });
        await new Promise<void>(resolve => world.clock.startTimer(50, resolve));
        await held.release();
        const lease = await wait;
        await lease.renew();
        lease.onExpiring(() => note('onExpiring'));
        lease.signal.addEventListener('abort', () => note('abort'));
        await new Promise<void>(resolve => world.clock.startTimer(400, resolve));
        link.cut();
        await new Promise<void>(resolve => world.clock.startTimer(1500, resolve));
        link.heal();
        link.script('acquire', { kind: 'reject' });
        await manager.acquire('inner', { wait: '1m' });
      }),
    );
    await world.advance(10_000);
    expect(run.state).toBe('resolved');
    expect([...contexts.keys()].sort()).toEqual([...names, 'onExpiring', 'abort'].sort());
    expect([...contexts.values()].filter(key => key !== undefined)).toEqual([]);
  });

  it('a listener of loss may wait for a key that was held where the timer was started', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    let inside = 0;
    let most = 0;
    const audit = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise<void>(resolve => world.clock.startTimer(100, resolve));
      inside--;
    };
    let audited: ReturnType<typeof track> | undefined;
    manager.on(
      'lost',
      () => (audited = track(manager.withLock('audit', { ifNested: 'join', wait: '1m' }, audit))),
    );
    const run = track(
      manager.withLock('audit', { ttl: '1h' }, async () => {
        await manager.acquire('k');
        link.cut();
        await new Promise<void>(resolve => world.clock.startTimer(900, resolve));
        await audit();
        link.heal();
      }),
    );
    await world.advance(10_000);
    expect([run.state, audited?.state, most]).toEqual(['resolved', 'resolved', 1]);
  });

  it('who is told of the loss of another lease of a set is outside every lease', async () => {
    const { manager } = world.replica({ ttl: 1000 });
    const contexts: (string | undefined)[] = [];
    const run = track(
      manager.withLock('outer', { ttl: '1h' }, async () => {
        const set = await manager.acquireAll(['a', 'b']);
        for (const signal of [set.signal, ...set.leases.map(lease => lease.signal)])
          signal.addEventListener('abort', () => contexts.push(currentLease()?.key));
        await manager.revoke('b');
        await new Promise<void>(resolve => world.clock.startTimer(1000, resolve));
        await set.release();
      }),
    );
    await world.advance(2000);
    expect([run.state, contexts]).toEqual(['resolved', [undefined, undefined, undefined]]);
  });
});
