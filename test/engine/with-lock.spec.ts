import { describe, expect, it } from '@jest/globals';
import { currentLease, detached } from '../../lib/engine/lease-context.js';
import { track, useWorld } from './world.js';

describe('withLock', () => {
  const world = useWorld();
  const sleep = (ms: number): Promise<void> =>
    new Promise(resolve => world.clock.startTimer(ms, resolve, { unref: true }));

  it('runs under the key, answers what the work answers, and releases afterwards', async () => {
    const { manager } = world.replica();
    const answer = await manager.withLock('k', async lease => {
      expect(lease.isHeld).toBe(true);
      expect((await world.store.inspect('k'))?.owner).toBe(lease.owner);
      return 42;
    });
    expect(answer).toBe(42);
    expect((await world.store.inspect('k'))?.isHeld ?? false).toBe(false);
  });

  it.each<[string, () => unknown]>([
    ['rejects', () => Promise.reject(new TypeError('mine'))],
    [
      'throws',
      () => {
        throw new TypeError('mine');
      },
    ],
  ])('work that %s passes its own error through, untouched, and the key is released', async (_, work) => {
    const { manager } = world.replica();
    await expect(manager.withLock('k', work)).rejects.toThrow(new TypeError('mine'));
    expect((await world.store.inspect('k'))?.isHeld ?? false).toBe(false);
  });

  it('rejects with LockLostError when the lease was lost before the work ended; its own error is the cause', async () => {
    const { manager, clock } = world.replica({ ttl: 1000 });
    const own = new Error('own');
    const lost = await manager
      .withLock('k', () => {
        clock.block(2000);
        throw own;
      })
      .catch((error: unknown) => error);
    expect(lost).toMatchObject({ code: 'LOCK_LOST', cause: own });
    await expect(manager.withLock('k', () => clock.block(2000))).rejects.toMatchObject({ code: 'LOCK_LOST' });
    expect(await manager.withLock('k', { onLost: 'ignore' }, () => (clock.block(2000), 1))).toBe(1);
  });

  it('refuses an ifNested or onLost that it does not know', async () => {
    const { manager, link } = world.replica();
    await expect(manager.withLock('k', { ifNested: 'yes', onLost: true } as any, () => 1)).rejects.toThrow(
      /ifNested \('yes'\) must be 'throw' or 'join'[^]*onLost \(true\) must be 'throw' or 'ignore'/,
    );
    expect(link.count()).toBe(0);
  });

  it('work released by itself is no loss', async () => {
    const { manager } = world.replica();
    expect(await manager.withLock('k', async lease => (await lease.release(), 'ok'))).toBe('ok');
  });

  it('currentLease() is the lease inside, across await and timers, and undefined outside', async () => {
    const { manager } = world.replica();
    expect(currentLease()).toBeUndefined();
    await world.until(
      manager.withLock('a', async outer => {
        expect(currentLease()).toBe(outer);
        await sleep(10);
        expect(currentLease()).toBe(outer);
        await manager.withLock('b', async inner => {
          await sleep(10);
          expect(currentLease()).toBe(inner);
        });
        expect(currentLease()).toBe(outer);
      }),
    );
    expect(currentLease()).toBeUndefined();
  });

  it('parallel chains each see their own', async () => {
    const { manager } = world.replica();
    await world.until(
      Promise.all(
        ['a', 'b', 'c'].map(key =>
          manager.withLock(key, async () => {
            await sleep(5);
            expect(currentLease()?.key).toBe(key);
          }),
        ),
      ),
    );
  });

  it('waiting for a key that this chain of calls holds throws LOCK_SELF_DEADLOCK, at any depth, without a round trip', async () => {
    const { manager, link } = world.replica();
    await manager.withLock('a', () =>
      manager.withLock('b', async () => {
        const count = link.count();
        await expect(manager.withLock('a', () => 1)).rejects.toMatchObject({ code: 'LOCK_SELF_DEADLOCK' });
        await expect(manager.withLock('b', () => 1)).rejects.toMatchObject({ code: 'LOCK_SELF_DEADLOCK' });
        expect(link.count()).toBe(count);
      }),
    );
  });

  it('not waiting for it is no deadlock: it is held', async () => {
    const { manager } = world.replica();
    await manager.withLock('a', async () => {
      await expect(manager.withLock('a', { wait: 0 }, () => 1)).rejects.toMatchObject({ code: 'LOCK_HELD' });
    });
  });

  it("ifNested: 'join' runs under the outer lease, which is currentLease(), and does not release it", async () => {
    const { manager, link } = world.replica();
    await manager.withLock('a', outer =>
      manager.withLock('b', async () => {
        await manager.withLock('a', { ifNested: 'join' }, joined => {
          expect(joined).toBe(outer);
          expect(currentLease()).toBe(outer);
        });
        expect(outer.isHeld).toBe(true);
        expect(link.count('release')).toBe(0);
      }),
    );
  });

  it('another manager’s lock of the same key is another lock', async () => {
    const first = world.replica();
    const second = world.replica();
    await first.manager.withLock('a', async () => {
      await expect(world.until(second.manager.withLock('a', { wait: 100 }, () => 1))).rejects.toMatchObject({
        code: 'LOCK_TIMEOUT',
      });
    });
  });

  it('detached() leaves the context: waiting is allowed, and the lease is not current', async () => {
    const { manager } = world.replica();
    let later!: Promise<string>;
    await manager.withLock('a', async () => {
      later = detached(() => {
        expect(currentLease()).toBeUndefined();
        return manager.withLock('a', () => 'ran');
      });
      await expect(manager.withLock('a', () => 1)).rejects.toMatchObject({ code: 'LOCK_SELF_DEADLOCK' });
    });
    expect(await world.until(later)).toBe('ran');
  });

  it('what was started inside and goes on after the release may lock again', async () => {
    const { manager } = world.replica();
    let straggler!: Promise<string>;
    await manager.withLock('a', () => {
      straggler = sleep(100).then(() => manager.withLock('a', () => 'ran'));
    });
    expect(await world.until(straggler)).toBe('ran');
  });

  it('an outer lease that was lost is no deadlock, nor joined', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    const run = track(
      manager.withLock('a', async outer => {
        link.cut();
        await sleep(1000);
        link.heal();
        return manager.withLock(
          'a',
          { ifNested: 'join', wait: '5s' },
          inner => inner !== outer && inner.isHeld,
        );
      }),
    );
    await world.advance(5000);
    expect(run.error).toMatchObject({ code: 'LOCK_LOST' });
  });

  it('does not run work whose lease was over before it could start', async () => {
    const { manager, clock } = world.replica({ ttl: 1000 });
    manager.on('acquired', () => clock.block(2000));
    let ran = false;
    await expect(manager.withLock('k', { onLost: 'ignore' }, () => void (ran = true))).rejects.toMatchObject({
      code: 'LOCK_LOST',
    });
    expect(ran).toBe(false);
  });

  it('a key that stays with others is never mistaken for an error of the work', async () => {
    const { manager } = world.replica();
    const other = world.replica();
    await other.manager.acquire('k');
    expect(await manager.tryWithLock('k', { wait: 0 }, () => 1)).toMatchObject({ ran: false });
    const error = await other.manager.acquire('k', { wait: 0 }).catch((thrown: unknown) => thrown);
    await expect(manager.tryWithLock('j', {}, () => Promise.reject(error as Error))).rejects.toBe(error);
  });

  it('failure 27: never runs the work while the store does not answer', async () => {
    const { manager, link } = world.replica({ ttl: 1000 });
    link.cut();
    let ran = false;
    const run = manager.withLock('k', () => void (ran = true));
    await expect(world.until(run)).rejects.toMatchObject({ code: 'LOCK_STORE_UNAVAILABLE' });
    expect(ran).toBe(false);
  });
});
