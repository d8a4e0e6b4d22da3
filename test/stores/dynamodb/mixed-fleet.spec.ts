import { describe, expect, it } from '@jest/globals';
import type { Lease } from '../../../lib/core/lease.js';
import { createSeededRandom } from '../../../lib/testing/index.js';
import { track } from '../../engine/world.js';
import {
  useFleet,
  type FaultyLink,
  type ForeignClient,
  type ForeignLock,
  type ForeignOptions,
} from './fleet.js';

const TTL_MS = 10_000;
const STALE_MS = TTL_MS * 1.01 + 2;
/** As long as anybody of this fleet pauses between two looks, and a little. */
const LOOK_MS = 1100;
const HOUR_MS = 3_600_000;
/** Drift of our clock and of theirs: together just below what they may drift apart. */
const DRIFTS: [number, number][] = [
  [-0.0049, 0.0049],
  [0.0049, -0.0049],
  [0, 0],
];

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.each([
  ['Go dynamolock', 'dynamolock'],
  ['the Java client', 'aws-java'],
] as const)('beside %s', (_, dialect) => {
  describe.each([true, false])('where a refused write tells of the old row: %s', tellsOldItem => {
    const fleet = useFleet({ tellsOldItem }, { dialect });
    const { world } = fleet;
    const foreigner = (options?: ForeignOptions): ForeignClient =>
      dialect === 'aws-java' ? fleet.java(options) : fleet.go(options);
    const soon = <T>(promise: Promise<T>): Promise<T> => world.until(promise, 120_000);
    const isFlagged = (): boolean => fleet.row()?.isReleased?.S === '1';

    describe('exclusion', () => {
      it.each(DRIFTS)(
        'their live holder is not stolen from, over three leases (%d, %d)',
        async (drift, theirs) => {
          const [ours, impatient] = [fleet.replica({ drift, pollEvery: 20 }), fleet.replica({ drift })];
          const holder = foreigner({ drift: theirs, heartbeatMs: TTL_MS / 2, delayMs: () => 50 });
          const lock = await soon(holder.acquire('k'));
          const waiting = track(ours.manager.acquire('k', { wait: Infinity }));
          const first = track(impatient.manager.tryAcquire('k'));
          const tries: unknown[] = [];
          for (let ms = 0; ms < 3 * TTL_MS; ms += 500) {
            await world.advance(500);
            if (ms > TTL_MS) tries.push(await soon(impatient.manager.tryAcquire('k')));
            expect([waiting.state, lock!.isValid]).toEqual(['pending', true]);
          }
          expect(first).toMatchObject({ state: 'resolved', value: null });
          expect(new Set(tries)).toEqual(new Set([null]));
        },
      );

      it.each(DRIFTS)(
        'ours is not stolen from by them, over three leases (%d, %d)',
        async (drift, theirs) => {
          const holder = fleet.replica({ drift, renewEvery: TTL_MS / 2 });
          holder.net.fault = () => ({ thereMs: 50, backMs: 50 });
          const lease = await soon(holder.manager.acquire('k'));
          const contender = foreigner({ drift: theirs, refreshMs: 20 });
          const waiting = track(contender.acquire('k', { extraWaitMs: HOUR_MS }));
          for (let ms = 0; ms < 3 * TTL_MS; ms += 500) {
            await world.advance(500);
            expect([waiting.state, lease.isHeld]).toEqual(['pending', true]);
          }
          expect(await soon(foreigner().acquire('k', { failIfLocked: true }))).toBeNull();
        },
      );

      it.each(DRIFTS)('our loss comes before their grant (%d, %d)', async (drift, theirs) => {
        const holder = fleet.replica({ drift });
        const lease = await holder.manager.acquire('k');
        const { signal } = lease;
        const contender = foreigner({ drift: theirs, refreshMs: 5 });
        let atGrant: unknown;
        const next = contender.acquire('k', { extraWaitMs: HOUR_MS });
        void next.then(() => (atGrant = [signal.aborted, lease.isHeld]));
        await world.advance(7000);
        holder.net.cut();
        await world.advance(TTL_MS);
        expect([atGrant, (await next)!.isValid]).toEqual([[true, false], true]);
        expect(holder.told('lost')).toMatchObject([{ cause: 'expired' }]);
      });

      it.each(DRIFTS)('their lease is over before our grant (%d, %d)', async (drift, theirs) => {
        const holder = foreigner({ drift: theirs });
        const ours = fleet.replica({ drift, pollEvery: 5 });
        const lock = await soon(holder.acquire('k'));
        let wasValid: boolean | undefined;
        ours.manager.on('acquired', () => (wasValid = lock!.isValid));
        const next = track(ours.manager.acquire('k', { wait: Infinity }));
        await world.advance(7000);
        const resume = holder.clock.pause('stalled');
        await world.advance(TTL_MS + 500);
        expect([next.state, wasValid]).toEqual(['resolved', false]);
        resume();
      });

      it.each(['absent', 'released'])('of a race for a row that is %s one wins', async kind => {
        const random = createSeededRandom(`race-${dialect}`);
        const ours = fleet.replica();
        ours.net.fault = () => ({ thereMs: random.next() * 30, backMs: 5 });
        const theirs = foreigner({ delayMs: () => random.next() * 15 });
        const winners = new Set<string>();
        for (let round = 0; round < 12; round++) {
          const key = `k${round}`;
          if (kind === 'released') {
            const first = await soon(ours.manager.acquire(key));
            await soon(first.release());
          }
          const lease = track(ours.manager.tryAcquire(key));
          const lock = track(theirs.acquire(key, { failIfLocked: true }));
          await world.advance(5000);
          expect([lease.value?.isHeld === true, lock.value?.isValid === true].filter(Boolean)).toHaveLength(
            1,
          );
          winners.add(lock.value ? 'theirs' : 'ours');
        }
        expect(winners.size).toBe(2);
      });

      it('a holder of theirs that wakes up after we took its key harms nobody (failure 20)', async () => {
        const [holder, ours] = [foreigner(), fleet.replica()];
        const lock = await soon(holder.acquire('k'));
        const resume = holder.clock.pause('stalled');
        const lease = await soon(ours.manager.acquire('k', { wait: Infinity }));
        resume();
        await world.advance(TTL_MS);
        expect([await holder.heartbeat(lock!), await holder.release(lock!)]).toEqual([false, false]);
        expect([lease.isHeld, isFlagged(), ours.told('lost')]).toEqual([true, false, []]);
      });

      it('a holder of ours that wakes up after they took its key harms nobody', async () => {
        const [ours, theirs] = [fleet.replica(), foreigner()];
        const lease = await ours.manager.acquire('k');
        ours.net.cut();
        const lock = await soon(theirs.acquire('k', { extraWaitMs: HOUR_MS }));
        ours.net.heal();
        const row = fleet.row();
        await expect(soon(lease.renew())).rejects.toMatchObject({ code: 'LOCK_LOST' });
        await soon(lease.release());
        expect(fleet.row()).toEqual(row);
        await world.advance(TTL_MS);
        expect(lock!.isValid).toBe(true);
      });

      it('tryAcquire takes the key of a holder of theirs that has crashed (failure 21)', async () => {
        const [holder, ours] = [foreigner(), fleet.replica()];
        await soon(holder.acquire('k'));
        holder.crash();
        const attempt = track(ours.manager.tryAcquire('k'));
        await world.advance(STALE_MS - 1);
        expect(attempt.state).toBe('pending');
        await world.advance(LOOK_MS);
        expect(attempt.value?.isHeld).toBe(true);
      });

      it('each goes by the lease of the row, whatever its own', async () => {
        const [long, short] = [foreigner({ leaseMs: 60_000 }), fleet.replica({ ttl: 1000, pollEvery: 50 })];
        await soon(long.acquire('k'));
        long.crash();
        const next = track(short.manager.acquire('k', { wait: Infinity, renewEvery: false, ttl: 90_000 }));
        await world.advance(60_000);
        expect(next.state).toBe('pending');
        await world.advance(800);
        expect(next.state).toBe('resolved');
        short.net.cut();
        const after = track(
          foreigner({ leaseMs: 1000, refreshMs: 50 }).acquire('k', { extraWaitMs: HOUR_MS }),
        );
        await world.advance(89_900);
        expect([after.state, next.value!.isHeld]).toEqual(['pending', false]);
        await world.advance(200);
        expect(after.value?.isValid).toBe(true);
      });

      it('they respect a lease that was revoked for as long as its holder may believe in it', async () => {
        const [ours, admin] = [fleet.replica({ renewEvery: false }), fleet.replica()];
        const lease = await ours.manager.acquire('k');
        const waiting = track(foreigner({ refreshMs: 10 }).acquire('k', { extraWaitMs: HOUR_MS }));
        await world.advance(5000);
        expect(await admin.manager.revoke('k')).toBe(true);
        await world.advance(TTL_MS - 1);
        expect([waiting.state, lease.isHeld]).toEqual(['pending', false]);
        await world.advance(30);
        expect(waiting.value?.isValid).toBe(true);
      });

      it('they respect holdAtLeast, and have the key when it is over', async () => {
        const ours = fleet.replica();
        await ours.manager.withLock('k', { holdAtLeast: '30s' }, () => undefined);
        const waiting = track(foreigner({ refreshMs: 100 }).acquire('k', { extraWaitMs: HOUR_MS }));
        await world.advance(29_900);
        expect(waiting.state).toBe('pending');
        await world.advance(300);
        expect(waiting.value?.isValid).toBe(true);
      });

      it('a manager cannot revoke what is theirs', async () => {
        const [holder, { manager }] = [foreigner(), fleet.replica()];
        const lease = await manager.acquire('k');
        await lease.release();
        await soon(holder.acquire('k'));
        const row = fleet.row();
        expect(await manager.revoke('k', { force: true })).toBe(false);
        expect(await manager.revoke('k', { fencingToken: lease.fencingToken, force: true })).toBe(false);
        expect(fleet.row()).toEqual(row);
      });
    });

    describe('release', () => {
      it.each([false, true])(
        'of theirs frees the key for us at our next look, row deleted: %s',
        async deleteLock => {
          const [holder, ours] = [foreigner(), fleet.replica()];
          const lock = await soon(holder.acquire('k'));
          const waiting = track(ours.manager.acquire('k', { wait: Infinity }));
          await world.advance(5000);
          expect(await holder.release(lock!, { deleteLock })).toBe(true);
          await world.advance(LOOK_MS);
          expect(waiting.value?.isHeld).toBe(true);
          expect(fleet.row()).not.toHaveProperty('isReleased');
          await world.advance(2 * TTL_MS);
          expect(waiting.value?.isHeld).toBe(true);
        },
      );

      it.each([false, true])(
        'of ours frees the key for them at their next look, row deleted: %s',
        async deletes => {
          const ours = fleet.replica({ rows: { deleteOnRelease: deletes } });
          const lease = await ours.manager.acquire('k');
          const theirs = foreigner();
          const waiting = track(theirs.acquire('k', { extraWaitMs: HOUR_MS }));
          await world.advance(5000);
          await lease.release();
          expect(fleet.row() === undefined).toBe(deletes);
          await world.advance(LOOK_MS);
          expect(waiting.value?.isValid).toBe(true);
          expect(fleet.row()).not.toHaveProperty('isReleased');
        },
      );

      it('of a lease of ours that is over but not taken lets them in at once', async () => {
        const [ours, theirs] = [fleet.replica(), foreigner()];
        const lease = await ours.manager.acquire('k');
        ours.net.cut();
        await world.advance(TTL_MS);
        ours.net.heal();
        await soon(lease.release());
        expect(await soon(theirs.acquire('k', { failIfLocked: true }))).not.toBeNull();
      });

      it('hands the key to and fro, and each lease is one of its time', async () => {
        const [ours, theirs] = [fleet.replica(), foreigner()];
        let last = 0;
        for (let turn = 0; turn < 5; turn++) {
          const lease = await soon(ours.manager.acquire('k'));
          expect(lease.fencingToken).toBeGreaterThan(last);
          last = lease.fencingToken;
          await world.advance(TTL_MS);
          expect(lease.isHeld).toBe(true);
          await soon(lease.release());
          const lock = await soon(theirs.acquire('k'));
          await world.advance(TTL_MS);
          expect(lock!.isValid).toBe(true);
          await soon(theirs.release(lock!));
        }
      });
    });

    describe('what is beside the lease', () => {
      it('bytes are handed over both ways, and empty ones too', async () => {
        const [ours, theirs] = [fleet.replica(), foreigner()];
        for (const data of [Uint8Array.of(0xff, 0, 1), new Uint8Array()]) {
          const lease = await soon(ours.manager.acquire('k', { data }));
          await soon(lease.release());
          const lock = await soon(theirs.acquire('k'));
          expect(lock!.data).toEqual(data);
          await soon(theirs.release(lock!));
          const again = await soon(ours.manager.acquire('k'));
          expect(again.data).toEqual(data);
          await soon(again.release());
        }
      });

      it('they see our text as its bytes, and what they replace or delete is replaced or gone', async () => {
        const [ours, theirs] = [fleet.replica(), foreigner()];
        await soon((await soon(ours.manager.acquire('k', { data: 'grüße' }))).release());
        const lock = (await soon(theirs.acquire('k')))!;
        expect(lock.data).toEqual(bytes('grüße'));
        expect(await soon(theirs.heartbeat(lock, { data: Uint8Array.of(0xff, 1) }))).toBe(true);
        expect(await ours.manager.inspect('k')).toMatchObject({ isHeld: true, data: Uint8Array.of(0xff, 1) });
        expect(await soon(theirs.heartbeat(lock, { deleteData: true }))).toBe(true);
        expect((await ours.manager.inspect('k'))?.data).toBeUndefined();
        await soon(theirs.release(lock, { data: Uint8Array.of(0xfe) }));
        expect((await soon(ours.manager.acquire('k'))).data).toEqual(Uint8Array.of(0xfe));
      });

      it('our text comes back as text where the row was merged, and as bytes where it was put anew', async () => {
        const [ours, theirs] = [fleet.replica(), foreigner()];
        await soon((await soon(ours.manager.acquire('k', { data: 'text' }))).release());
        await soon(theirs.release((await soon(theirs.acquire('k')))!));
        const { data } = await soon(ours.manager.acquire('k'));
        expect(data).toEqual(dialect === 'dynamolock' ? 'text' : bytes('text'));
      });

      it('our attributes stay where the row is merged, and are gone where it is put anew', async () => {
        const [ours, theirs] = [fleet.replica(), foreigner()];
        const lease = await soon(ours.manager.acquire('k', { attributes: { shard: 3 } }));
        await soon(lease.release());
        const lock = await soon(theirs.acquire('k', { attributes: { theirs: { S: 'x' } } }));
        const merged = dialect === 'dynamolock' ? { shard: 3, theirs: 'x' } : { theirs: 'x' };
        expect((await ours.manager.inspect('k'))?.attributes).toEqual(merged);
        await soon(theirs.release(lock!));
        const again = await soon(ours.manager.acquire('k'));
        expect(again.attributes).toEqual(merged);
        expect(again.fencingToken).toBeGreaterThan(lease.fencingToken);
      });

      it('neither our holder nor our token is told of a lease that is theirs', async () => {
        const [ours, theirs] = [fleet.replica({ service: 'orders' }), foreigner({ ownerName: 'legacy-7' })];
        await ours.manager.acquire('k');
        ours.net.cut();
        await soon(theirs.acquire('k', { extraWaitMs: HOUR_MS }));
        expect('holder' in fleet.row()!).toBe(dialect === 'dynamolock');
        const other = fleet.replica();
        expect(await other.manager.inspect('k')).toMatchObject({
          isHeld: true,
          owner: 'legacy-7',
          holder: undefined,
          fencingToken: undefined,
          attributes: undefined,
        });
        const refused = await soon(other.manager.acquire('k', { wait: 500 }).catch((error: Error) => error));
        expect(refused).toMatchObject({ code: 'LOCK_TIMEOUT', holder: undefined });
      });

      it('our holder is told again once the key is ours again', async () => {
        const [ours, theirs] = [fleet.replica({ service: 'orders' }), foreigner()];
        await soon((await soon(ours.manager.acquire('k'))).release());
        await soon(theirs.release((await soon(theirs.acquire('k')))!));
        const lease = await soon(ours.manager.acquire('k'));
        expect(await ours.manager.inspect('k')).toMatchObject({
          owner: lease.owner,
          fencingToken: lease.fencingToken,
          holder: { service: 'orders' },
        });
      });

      it('list shows their keys among ours', async () => {
        const [{ manager }, theirs] = [fleet.replica(), foreigner({ ownerName: 'legacy-7' })];
        const { owner } = await manager.acquire('ours');
        await soon(theirs.acquire('theirs'));
        const owners: Record<string, string | undefined> = {};
        for await (const record of manager.list()) owners[record.key] = record.owner;
        expect(owners).toEqual({ ours: owner, theirs: 'legacy-7' });
      });
    });
  });
});

describe('what a mixed fleet does not have', () => {
  const fleet = useFleet();
  const { world } = fleet;

  it('tokens that grow: a Go client that read before we came and went writes ours of before', async () => {
    const { manager } = fleet.replica();
    const first = await manager.acquire('k');
    await first.release();
    const delayed = fleet.go({ delayMs: () => 100 });
    const lock = track(delayed.acquire('k'));
    await world.advance(150);
    const second = await manager.acquire('k');
    await second.release();
    await world.advance(300);
    expect(lock.value?.isValid).toBe(true);
    await world.until(delayed.release(lock.value!));
    const third = await manager.acquire('k');
    expect(third.fencingToken).toBe(second.fencingToken);
  });

  it('one row for both: neither client reads the duration of the other, and what we write has one', async () => {
    const [go, java] = [fleet.go(), fleet.java()];
    const ours = fleet.replica({ rows: { dialect: 'dynamolock' } });
    const lease = await ours.manager.acquire('k');
    await expect(world.until(java.acquire('k'))).rejects.toThrow('NumberFormatException');
    await lease.release();
    await expect(world.until(java.acquire('k'))).rejects.toThrow('NumberFormatException');
    const other = fleet.replica({ rows: { dialect: 'aws-java' } });
    const next = await other.manager.acquire('k');
    await expect(world.until(go.acquire('k'))).rejects.toThrow('missing unit');
    expect(next.isHeld).toBe(true);
  });

  it('but we respect the rows of both, whichever we write', async () => {
    for (const [dialect, theirs] of [
      ['dynamolock', fleet.java()],
      ['aws-java', fleet.go()],
    ] as const) {
      const { manager } = fleet.replica({ rows: { dialect } });
      const lock = await world.until(theirs.acquire(dialect));
      const waiting = track(manager.acquire(dialect, { wait: Infinity }));
      await world.advance(2 * TTL_MS);
      expect([waiting.state, lock!.isValid]).toEqual(['pending', true]);
      await world.until(theirs.release(lock!));
      await world.advance(LOOK_MS);
      expect(waiting.state).toBe('resolved');
    }
  });
});

describe("beside the Java client's updateExistingLockRecord, which leaves isReleased where it stands", () => {
  const fleet = useFleet({}, { dialect: 'aws-java' });
  const { world } = fleet;

  it('its take-over of what was held is respected', async () => {
    const [ours, theirs] = [fleet.replica(), fleet.java({ updatesRow: true })];
    await ours.manager.acquire('k', { attributes: { shard: 3 } });
    ours.net.cut();
    const lock = await world.until(theirs.acquire('k', { extraWaitMs: HOUR_MS }));
    expect(fleet.row()).toMatchObject({ shard: { N: '3' }, ownerName: { S: theirs.ownerName } });
    const other = track(fleet.replica().manager.acquire('k', { wait: Infinity }));
    await world.advance(2 * TTL_MS);
    expect([other.state, lock!.isValid]).toEqual(['pending', true]);
  });

  // Their take-over leaves isReleased in place. Were the version still that of the lease, the row would be theirs and flagged
  // as free at once.
  it('a release of ours that comes between its look and its take-over makes no second holder', async () => {
    const [ours, other] = [fleet.replica(), fleet.replica()];
    const lease = await ours.manager.acquire('k');
    ours.net.cut();
    const theirs = fleet.java({ updatesRow: true, refreshMs: 500, delayMs: () => 100 });
    const lock = track(theirs.acquire('k', { extraWaitMs: HOUR_MS }));
    await world.advance(10_650);
    expect([lease.isHeld, lock.state]).toEqual([false, 'pending']);
    ours.net.heal();
    await world.until(lease.release());
    await world.advance(1500);
    const next = track(other.manager.tryAcquire('k'));
    await world.advance(3000);
    expect(lock.value?.isValid === true && next.value?.isHeld === true).toBe(false);
  });
});

/**
 * Any order of events, with our links at their worst. Their own links are sound, as what they do about faults is theirs; and
 * their clocks agree, since they allow for no drift among themselves.
 */
describe.each([
  ['Go dynamolock', 'dynamolock'],
  ['the Java client', 'aws-java'],
] as const)('random schedules beside %s', (_, dialect) => {
  const KEYS = ['a', 'b'];
  const LEASE_MS = 1000;

  describe.each([true, false])('where a refused write tells of the old row: %s', tellsOldItem => {
    const fleet = useFleet({ tellsOldItem }, { dialect });
    const { world } = fleet;
    const grants = { ours: 0, theirs: 0, ourLosses: 0 };

    it.each(Array.from({ length: 50 }, (_, seed) => seed))('seed %i: never two holders', async seed => {
      const random = createSeededRandom(`mixed-${dialect}-${tellsOldItem}-${seed}`);
      const chance = (odds: number): boolean => random.next() < odds;
      const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)]!;
      const theirDrift = pick([-0.0049, 0, 0.0049]);
      const newForeigner = (): ForeignClient => {
        const options = { drift: theirDrift, leaseMs: LEASE_MS, refreshMs: pick([10, 150]) };
        const delayMs = (): number => random.next() * 25;
        const all = { ...options, delayMs, updatesRow: chance(0.5) };
        return dialect === 'aws-java' ? fleet.java(all) : fleet.go(all);
      };
      const ours = [-0.0049, 0.0049].map(drift =>
        fleet.replica({ ttl: LEASE_MS, wait: 3000, pollEvery: pick([10, 150]), drift }),
      );
      const theirs = [newForeigner(), newForeigner()];
      const leases = new Set<Lease>();
      const locks = new Set<ForeignLock>();
      let isOver = false;

      const violations: string[] = [];
      const check = (when: string): void => {
        for (const key of KEYS) {
          const held = [...leases].filter(lease => lease.key === key && lease.isHeld).length;
          const valid = [...locks].filter(lock => lock.key === key && lock.isValid).length;
          if (held + valid > 1) violations.push(`${when}, key ${key}: ${held} of ours, ${valid} of theirs`);
        }
      };
      const disturb = (net: FaultyLink): void => {
        net.fault = () => {
          const [kind, there, back] = [random.next(), random.next(), random.next()];
          if (kind < 0.05) return 'lose-request';
          if (kind < 0.1) return 'lose-reply';
          if (kind < 0.15) return 'twice';
          return kind < 0.4 ? { thereMs: there * 250, backMs: back * 250 } : { thereMs: there * 10 };
        };
      };
      for (const { net, manager } of ours) {
        disturb(net);
        manager.on('acquired', () => void grants.ours++);
        manager.on('lost', () => void grants.ourLosses++);
      }

      const step = (): void => {
        const key = pick(KEYS);
        const { manager, net, clock } = pick(ours);
        const client = pick(theirs);
        const lease = pick([...leases]);
        const lock = pick([...locks]);
        switch (Math.floor(random.next() * 14)) {
          case 0:
          case 1:
          case 2: {
            const signal = chance(0.2) ? stopSoon() : undefined;
            const holdAtLeast = chance(0.1) ? 600 : undefined;
            manager.acquire(key, { signal, wait: chance(0.3) ? 0 : 2500, holdAtLeast }).then(
              granted => {
                if (isOver) return void granted.release();
                leases.add(granted);
                check(`our grant`);
              },
              () => undefined,
            );
            break;
          }
          case 3:
          case 4:
          case 5:
            void client.acquire(key, { extraWaitMs: chance(0.5) ? 1000 : 3000 }).then(granted => {
              if (granted === null) return;
              grants.theirs++;
              locks.add(granted);
              check(`their grant`);
              if (isOver) void client.release(granted);
            });
            break;
          case 6:
            void lease?.release();
            break;
          case 7:
          case 8:
            if (lock) void lock.client.release(lock, { deleteLock: chance(0.3) });
            break;
          case 9:
            void lease?.renew({ data: `${random.next()}` }).catch(() => undefined);
            break;
          case 10:
            net.cut(pick(['both', 'requests', 'replies'] as const));
            world.clock.startTimer(random.next() * 1500, () => net.reconnect());
            break;
          case 11:
            clock.jumpWall((random.next() - 0.5) * 3000);
            break;
          case 12: {
            if (chance(0.5)) {
              client.crash();
              theirs[theirs.indexOf(client)] = newForeigner();
            } else {
              const resume = client.clock.pause('stalled');
              world.clock.startTimer(random.next() * 1500, resume);
            }
            break;
          }
          default:
            void manager.revoke(key).catch(() => undefined);
        }
      };
      const stopSoon = (): AbortSignal => {
        const controller = new AbortController();
        world.clock.startTimer(random.next() * 500, () => controller.abort(new Error('enough')));
        return controller.signal;
      };

      for (let i = 0; i < 60; i++) {
        step();
        await world.advance(random.next() * 150);
        check(`step ${i}`);
      }
      expect(violations).toEqual([]);

      isOver = true;
      for (const { net } of ours) net.heal();
      for (const lease of leases) void lease.release();
      for (const lock of locks) void lock.client.release(lock);
      await world.advance(6000);
      for (const key of KEYS) {
        for (const { manager } of ours)
          expect(await world.until(manager.withLock(key, () => 'served'))).toBe('served');
        const lock = await world.until(newForeigner().acquire(key));
        expect(lock?.isValid).toBe(true);
        await world.until(lock!.client.release(lock!));
      }
      for (const client of theirs) client.crash();
      expect(violations).toEqual([]);
    });

    it('in all of these both sides had the key many times, and ours was lost now and then', () => {
      expect(Math.min(grants.ours, grants.theirs)).toBeGreaterThan(200);
      expect(grants.ourLosses).toBeGreaterThan(20);
    });
  });
});
