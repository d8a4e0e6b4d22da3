import { getEventListeners } from 'node:events';
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

  describe('several keys', () => {
    const heldOf = async (...keys: string[]): Promise<string[]> => {
      const records = await Promise.all(keys.map(key => world.store.inspect(key)));
      return keys.filter((_, index) => records[index]?.isHeld ?? false);
    };

    /** Without a cause: no expectation within the work has failed. */
    const expectLost = (error: any, key: string): void => {
      expect(error).toMatchObject({ code: 'LOCK_LOST', key });
      expect(error.cause).toBeUndefined();
    };

    it('runs under all of them, shows each, and releases them afterwards', async () => {
      const { manager } = world.replica();
      const run = manager.withLock(['b', 'a', 'b'], async set => {
        expect(await heldOf('a', 'b')).toEqual(['a', 'b']);
        await sleep(1);
        expect([currentLease()?.key, currentLease('a')?.key]).toEqual(['b', 'a']);
        expect(currentLease()).toBe(set.of('b'));
        expect(currentLease('a')).toBe(set.of('a'));
        expect(currentLease('c')).toBeUndefined();
        return set.keys;
      });
      expect(await world.until(run)).toEqual(['a', 'b']);
      expect(await heldOf('a', 'b')).toEqual([]);
    });

    it('currentLease(key) is the innermost of that key', async () => {
      const { manager } = world.replica();
      const other = world.replica();
      await manager.withLock('a', outer =>
        manager.withLock('b', async () => {
          expect(currentLease('a')).toBe(outer);
          const theirs = other.manager;
          await theirs.withLock(['c'], set => expect(currentLease('c')).toBe(set.of('c')));
          expect(currentLease('c')).toBeUndefined();
        }),
      );
    });

    it('a key that stays with others is an answer, and nothing is held', async () => {
      const { manager } = world.replica();
      await world.replica().manager.acquire('b');
      const run = await manager.tryWithLock(['a', 'b'], { wait: 0 }, () => 1);
      expect(run).toMatchObject({ ran: false, error: { code: 'LOCK_HELD', key: 'b' } });
      const timedOut = track(manager.withLock(['a', 'b'], { wait: 100 }, () => 1));
      await world.advance(100);
      expect(timedOut.error).toMatchObject({ code: 'LOCK_TIMEOUT', key: 'b' });
      expect(await heldOf('a')).toEqual([]);
    });

    it.each(['throw', 'ignore'] as const)('the loss of any key counts (onLost: %s)', async onLost => {
      const { manager } = world.replica({ ttl: 1000 });
      const own = new Error('own');
      let toThrow: 'nothing' | 'own' | 'reason' = 'nothing';
      const lose = async (): Promise<unknown> => {
        const run = track(
          manager.withLock(['a', 'b', 'c'], { onLost }, async () => {
            const { signal } = currentLease()!;
            await new Promise(resolve => signal.addEventListener('abort', resolve));
            if (toThrow === 'own') throw own;
            if (toThrow === 'reason') throw signal.reason;
            return 'done';
          }),
        );
        await world.settle();
        await manager.revoke('b');
        await world.advance(400);
        expect(await heldOf('a', 'b', 'c')).toEqual([]);
        return run.error ?? run.value;
      };
      const [nothing, ours, reason] = [
        await lose(),
        ((toThrow = 'own'), await lose()),
        ((toThrow = 'reason'), await lose()),
      ] as any[];
      expect(reason).toMatchObject({ code: 'LOCK_LOST', key: 'b' });
      expect(reason.cause).toBeUndefined();
      if (onLost === 'ignore') expect([nothing, ours]).toEqual(['done', own]);
      else {
        expect(nothing).toMatchObject({ code: 'LOCK_LOST', key: 'b', lossCause: 'refused' });
        expect(ours).toMatchObject({ code: 'LOCK_LOST', key: 'b', cause: own });
      }
    });

    it('waiting for any key that this chain of calls holds throws LOCK_SELF_DEADLOCK, without a round trip', async () => {
      const { manager, link } = world.replica();
      await manager.withLock(['a', 'b'], async () => {
        const count = link.count();
        for (const keys of ['a', 'b', ['0', 'b'], ['b', 'z']]) {
          await expect(manager.tryWithLock(keys, {}, () => 1)).rejects.toMatchObject({
            code: 'LOCK_SELF_DEADLOCK',
          });
        }
        expect(link.count()).toBe(count);
        expect(await manager.tryWithLock(['0', 'b'], { wait: 0 }, () => 1)).toMatchObject({ ran: false });
        expect(await heldOf('0', 'a', 'b')).toEqual(['a', 'b']);
      });
    });

    it("ifNested: 'join' joins what is held, acquires the others, and releases only those", async () => {
      const { manager } = world.replica();
      await manager.withLock('b', async outer => {
        await manager.withLock(['b', 'c', 'a'], { ifNested: 'join' }, async set => {
          expect(await heldOf('a', 'b', 'c')).toEqual(['a', 'b', 'c']);
          expect(set.leases.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
          expect([currentLease()?.key, currentLease()?.owner]).toEqual(['b', outer.owner]);
          expect(currentLease()).toBe(set.of('b'));
        });
        expect([outer.isHeld, currentLease()]).toEqual([true, outer]);
        expect(await heldOf('a', 'b', 'c')).toEqual(['b']);
        await manager.withLock(['b'], { ifNested: 'join' }, set => set.release());
        expect(outer.isHeld).toBe(true);
      });
    });

    it('the loss of a joined key ends the work within, with the keys that were acquired for it', async () => {
      const { manager } = world.replica({ ttl: 1000 });
      let inner: any;
      const run = track(
        manager.withLock('b', async () => {
          inner = await manager
            .withLock(['a', 'b'], { ifNested: 'join' }, async set => {
              await manager.revoke('b');
              await new Promise(resolve => set.signal.addEventListener('abort', resolve));
              expect([set.isHeld, set.of('a').isHeld, set.of('b').isHeld]).toEqual([false, false, false]);
              expect(await heldOf('a')).toEqual(['a']);
            })
            .catch((error: unknown) => error);
          expect(await heldOf('a')).toEqual([]);
        }),
      );
      await world.advance(1000);
      for (const error of [inner, run.error]) expectLost(error, 'b');
    });

    it('the loss of a joined key is told at once, and seen by the clock', async () => {
      for (const how of ['told', 'seen'] as const) {
        const { manager, clock } = world.replica({ ttl: 1000 });
        const [outerKey, innerKey] = [`outer-${how}`, `inner-${how}`];
        const options = { ifNested: 'join', ttl: '1h' } as const;
        let within: unknown;
        const run = track(
          manager.withLock(outerKey, async outer => {
            within = await manager
              .withLock([innerKey, outerKey], options, async set => {
                const inner = set.of(innerKey);
                const signals = [inner.signal, set.signal, set.of(outerKey).signal];
                if (how === 'seen') {
                  clock.block(2000);
                  expect(inner.isHeld).toBe(false);
                } else {
                  await manager.revoke(outerKey);
                  await new Promise(resolve => outer.signal.addEventListener('abort', resolve));
                }
                for (const { reason } of signals)
                  expect(reason).toMatchObject({ code: 'LOCK_LOST', key: outerKey });
              })
              .catch((error: unknown) => error);
          }),
        );
        await world.advance(1000);
        for (const error of [within, run.error]) expectLost(error, outerKey);
      }
    });

    it('leaves no listener on what it has joined', async () => {
      const { manager } = world.replica();
      await manager.withLock('a', async ({ signal }) => {
        await manager.withLock(['a', 'b'], { ifNested: 'join' }, () => undefined);
        expect(getEventListeners(signal, 'abort')).toEqual([]);
      });
    });

    it('the loss of a key within ends that work, not the work around it; every signal within says so', async () => {
      const { manager } = world.replica({ ttl: 1000 });
      const run = track(
        manager.withLock('c', () =>
          manager.withLock('b', async outer => {
            const inner = await manager
              .withLock(['c', 'b', 'a'], { ifNested: 'join' }, async set => {
                await manager.revoke('a');
                const { signal } = currentLease()!;
                await new Promise(resolve => signal.addEventListener('abort', resolve));
                expect(set.leases.map(lease => lease.signal.aborted)).toEqual([true, true, true]);
                expect(set.leases.map(lease => lease.isHeld)).toEqual([false, false, false]);
                expect(() => currentLease('b')!.assertHeld()).toThrow(/LOCK_LOST: the lease of key 'a'/);
              })
              .catch((error: unknown) => error);
            expectLost(inner, 'a');
            outer.assertHeld();
            return 'went on';
          }),
        ),
      );
      await world.advance(1000);
      expect(run.value).toBe('went on');
    });

    it('a joined key is not released before the work within has ended', async () => {
      const { manager } = world.replica();
      const outer = track(
        manager.withLock('a', () => {
          void manager.withLock(['a', 'b'], { ifNested: 'join' }, () => sleep(100));
        }),
      );
      await world.advance(99);
      expect([outer.state, await heldOf('a', 'b')]).toEqual(['pending', ['a', 'b']]);
      await world.advance(1);
      expect([outer.state, await heldOf('a', 'b')]).toEqual(['resolved', []]);
    });

    it('a joined key that is released while the others are waited for is missing: the work is not run', async () => {
      const { manager } = world.replica();
      const other = world.replica();
      const theirs = await other.manager.acquire('b');
      let ran = false;
      const run = track(
        manager.withLock('a', async outer => {
          const inner = manager.withLock(['a', 'b'], { ifNested: 'join' }, () => void (ran = true));
          await outer.release();
          await theirs.release();
          await inner;
        }),
      );
      await world.advance(2000);
      expect(run.error).toMatchObject({ code: 'LOCK_RELEASED', key: 'a' });
      expect([ran, await heldOf('a', 'b')]).toEqual([false, []]);
    });

    it('who joins one key of the set later keeps all of them until it has ended', async () => {
      const { manager } = world.replica();
      const run = track(
        manager.withLock(['a', 'b'], () => {
          void manager.withLock('b', { ifNested: 'join' }, () => sleep(100));
        }),
      );
      await world.advance(99);
      expect(await heldOf('a', 'b')).toEqual(['a', 'b']);
      await world.advance(1);
      expect([run.state, await heldOf('a', 'b')]).toEqual(['resolved', []]);
    });

    it('work that joins one key of a set is lost with any of them', async () => {
      const { manager } = world.replica({ ttl: 1000 });
      let joined: any;
      const run = track(
        manager.withLock(['a', 'b'], async () => {
          joined = await manager
            .withLock('a', { ifNested: 'join' }, async () => {
              await manager.revoke('b');
              await sleep(400);
            })
            .catch((error: unknown) => error);
        }),
      );
      await world.advance(1000);
      for (const error of [joined, run.error]) expectLost(error, 'b');
    });

    it('close lets work under several keys end, and releases none of them before', async () => {
      const { manager } = world.replica();
      const run = track(manager.withLock(['a', 'b'], () => sleep(1000)));
      await world.advance(10);
      const closed = track(manager.close({ timeoutMs: 5000 }));
      await world.advance(900);
      expect([closed.state, await heldOf('a', 'b')]).toEqual(['pending', ['a', 'b']]);
      await world.advance(100);
      expect([closed.state, run.state, await heldOf('a', 'b')]).toEqual(['resolved', 'resolved', []]);
    });

    it('close leaves the keys of work that does not end to their TTL, and says so of each', async () => {
      const { manager, told } = world.replica({ ttl: 10_000 });
      const run = track(
        manager.withLock(['a', 'b'], async set => {
          await sleep(3000);
          expect(set.signal.reason).toMatchObject({ code: 'LOCK_LOST', lossCause: 'closed' });
        }),
      );
      await world.advance(10);
      await world.until(manager.close({ timeoutMs: 1000 }));
      expect(await heldOf('a', 'b')).toEqual(['a', 'b']);
      expect(told('lost').map(({ key, cause }) => [key, cause])).toEqual([
        ['a', 'closed'],
        ['b', 'closed'],
      ]);
      expect(told('released')).toEqual([]);
      await world.advance(3000);
      expect(run.error).toMatchObject({ code: 'LOCK_LOST', lossCause: 'closed' });
      expectLost(run.error, 'a');
    });

    it('does not run work of which a key was over before it could start', async () => {
      const { manager, clock } = world.replica({ ttl: 1000 });
      manager.on('acquired', ({ key }) => key === 'b' && clock.block(2000));
      let ran = false;
      const run = manager.withLock(['a', 'b'], { onLost: 'ignore' }, () => void (ran = true));
      await expect(run).rejects.toMatchObject({ code: 'LOCK_LOST' });
      expect(ran).toBe(false);
    });
  });
});
