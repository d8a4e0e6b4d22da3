import { afterEach, describe, expect, it } from '@jest/globals';
import { detached } from '../../lib/engine/lease-context.js';
import { LockOrder } from '../../lib/engine/lock-order.js';
import { SyncManager } from '../../lib/engine/sync-manager.js';
import { memoryStore } from '../../lib/stores/memory/index.js';
import { useWorld } from './world.js';

describe('the order of locks', () => {
  const world = useWorld();
  type Nesting = (manager: SyncManager, outer: string, inner: string) => Promise<unknown>;
  const nested: Nesting = (manager, outer, inner) =>
    manager.withLock(outer, () => manager.withLock(inner, () => undefined));

  it('warns once of two keys that are taken in both orders, with both stacks and the remedy', async () => {
    const { manager, warnings } = world.replica();
    const firstWay = (): Promise<unknown> => nested(manager, 'a', 'b');
    const otherWay = (): Promise<unknown> => nested(manager, 'b', 'a');
    await firstWay();
    await firstWay();
    expect(warnings).toEqual([]);
    await otherWay();
    expect(warnings.length).toBe(1);
    const [intro, earlier, now] = warnings[0]!.split(/\nEarlier, |\nNow, /);
    expect(intro).toMatch(/^Keys 'a' and 'b' are taken in both orders.* acquireAll\(keys\)/);
    expect(earlier).toMatch(/^'a', then 'b':\n {4}at /);
    expect(now).toMatch(/^'b', then 'a':\n {4}at /);
    for (const stack of [earlier, now]) expect(stack).toContain('lock-order.spec');
    await firstWay();
    await otherWay();
    await nested(manager, 'c', 'a');
    expect(warnings.length).toBe(1);
    await nested(manager, 'a', 'c');
    expect(warnings.length).toBe(2);
  });

  it.each<[string, Nesting]>([
    ['acquire', (manager, a, b) => manager.withLock(a, async () => (await manager.acquire(b)).release())],
    [
      'acquireAll',
      (manager, a, b) => manager.withLock(a, async () => (await manager.acquireAll(['z', b])).release()),
    ],
    ['withLock of many', (manager, a, b) => manager.withLock([a, 'z'], () => manager.withLock(b, () => 1))],
    ['a key in between', (manager, a, b) => manager.withLock(a, () => nested(manager, 'm', b))],
  ])('counts %s', async (_, nest) => {
    const { manager, warnings } = world.replica();
    await nest(manager, 'a', 'b');
    await nested(manager, 'b', 'a');
    expect(warnings.length).toBe(1);
  });

  it('warns before it waits: both chains may be in the midst of it', async () => {
    const { manager, warnings } = world.replica();
    let open!: () => void;
    const bothHold = new Promise<void>(resolve => (open = resolve));
    let holding = 0;
    const chain = (outer: string, inner: string): Promise<unknown> =>
      manager.withLock(outer, async () => {
        if (++holding === 2) open();
        await bothHold;
        await manager.withLock(inner, { wait: '1s' }, () => undefined);
      });
    const chains = Promise.allSettled([chain('a', 'b'), chain('b', 'a')]);
    await world.advance(500);
    expect(warnings.length).toBe(1);
    await world.advance(5000);
    await chains;
  });

  it.each<[string, (manager: SyncManager) => Promise<unknown>]>([
    ['keys of one acquireAll', manager => manager.withLock(['b', 'a'], () => undefined)],
    ['who does not wait', manager => manager.withLock('b', () => manager.tryAcquire('a'))],
    [
      'a key that is joined',
      manager =>
        manager.withLock('a', () =>
          manager.withLock('b', () => manager.withLock(['a', 'b'], { ifNested: 'join' }, () => 1)),
        ),
    ],
    [
      'independent work',
      manager => manager.withLock('b', () => detached(() => manager.withLock('a', () => 1))),
    ],
    [
      'what goes on after the release',
      async manager => {
        let later!: Promise<unknown>;
        await manager.withLock('b', lease => {
          later = lease.release().then(() => manager.withLock('a', () => 1));
        });
        await later;
      },
    ],
    [
      'another manager',
      async () => {
        const { manager, warnings } = world.replica();
        await nested(manager, 'b', 'a');
        expect(warnings).toEqual([]);
      },
    ],
  ])('does not count %s', async (_, run) => {
    const { manager, warnings } = world.replica();
    await nested(manager, 'a', 'b');
    await run(manager);
    expect(warnings).toEqual([]);
  });

  it('chains that cannot meet are no danger, until they can', async () => {
    const { manager, warnings } = world.replica();
    const gated = (outer: string, inner: string): Promise<unknown> =>
      manager.withLock('gate', () => nested(manager, outer, inner));
    await gated('a', 'b');
    await gated('b', 'a');
    expect(warnings).toEqual([]);
    await nested(manager, 'a', 'b');
    expect(warnings.length).toBe(1);
  });

  it('remembers the last 1,000 orders', () => {
    const warnings: string[] = [];
    const warn = (message: string): void => void warnings.push(message);
    const order = new LockOrder({ log: warn, warn, error: warn });
    order.note(['a'], ['b']);
    order.note(['c'], ['d']);
    for (let i = 0; i < 998; i++) order.note([`from-${i}`], [`to-${i}`]);
    order.note(['a'], ['b']);
    order.note(['e'], ['f']);
    expect((order as unknown as { edges: Map<string, unknown> }).edges.size).toBe(1000);
    order.note(['d'], ['c']);
    expect(warnings).toEqual([]);
    order.note(['b'], ['a']);
    expect(warnings.length).toBe(1);
  });

  describe('whether it is looked at', () => {
    const { NODE_ENV } = process.env;
    afterEach(() => {
      process.env.NODE_ENV = NODE_ENV;
    });

    it.each([
      [undefined, undefined, 1],
      ['development', undefined, 1],
      ['production', undefined, 0],
      ['production', true, 1],
      ['test', false, 0],
    ])('NODE_ENV %s, warnsOfLockOrder %s: %s warnings', async (nodeEnv, warnsOfLockOrder, count) => {
      if (nodeEnv === undefined) delete process.env.NODE_ENV;
      else process.env.NODE_ENV = nodeEnv;
      const warnings: string[] = [];
      const warn = (message: string): void => void warnings.push(message);
      const logger = { log: warn, warn, error: warn };
      const manager = new SyncManager({ store: memoryStore() }, { logger, warnsOfLockOrder });
      await nested(manager, 'a', 'b');
      await nested(manager, 'b', 'a');
      expect(warnings.length).toBe(count);
      await manager.close();
    });
  });
});
