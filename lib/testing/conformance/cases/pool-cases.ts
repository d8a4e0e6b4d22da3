import assert from 'node:assert/strict';
import type { AcquireOutcome } from '../../../core/lease-store.js';
import { slotKey } from '../../../core/slot-keys.js';
import { defineCases } from '../define-cases.js';
import { assertData, show, type Probe } from '../probe.js';
import { assertCorrupt } from './corrupt-cases.js';

const SLOTS = 5;

async function assertFull(probe: Probe, pool: string, slots: number, why: string): Promise<number> {
  const outcome = await probe.acquire(pool, { slots });
  assert.equal(outcome.kind, 'held', `${why}; acquire answered ${show(outcome)}`);
  assert.ok(outcome.freeInMs !== undefined, 'a full pool must say when a slot is free');
  return outcome.freeInMs;
}

function slotsOf(outcomes: readonly AcquireOutcome[]): number[] {
  return outcomes.flatMap(outcome => (outcome.kind === 'granted' ? [outcome.slot ?? -1] : []));
}

/** What the port says of: pool. How a slot is found. */
export const poolCases = defineCases('pool', it => {
  it('grants the only free slot, wherever the search begins', 'slots', async probe => {
    const pool = probe.pool();
    await probe.grantSlots(pool, [0, 1, 2, 4]);
    for (let firstSlot = 0; firstSlot < SLOTS; firstSlot++) {
      const grant = await probe.grantSlot(pool, SLOTS, { firstSlot });
      assert.equal(grant.slot, 3);
      await probe.assertReleased(grant);
    }
  });

  it('finds the only free one of 1,000 slots', 'slots', async probe => {
    const pool = probe.pool();
    const others = Array.from({ length: 1000 }, (_, slot) => slot).filter(slot => slot !== 777);
    await probe.grantSlots(pool, others, 100 * probe.unitMs);
    assert.equal((await probe.grantSlot(pool, 1000, { firstSlot: 800 })).slot, 777);
    await assertFull(probe, pool, 1000, 'all slots are held');
  });

  it(
    'begins at firstSlot, goes on in order, and after the last slot with the first',
    'slots',
    async probe => {
      const pool = probe.pool();
      const given: number[] = [];
      for (let n = 0; n < SLOTS; n++)
        given.push((await probe.grantSlot(pool, SLOTS, { firstSlot: 3 })).slot!);
      assert.deepEqual(given, [3, 4, 0, 1, 2]);
      assert.equal((await probe.grantSlot(probe.pool('others'), SLOTS)).slot, 0, 'begins at 0 unless told');
    },
  );

  it('grants its owner the same slot again, though others are free and come first', 'slots', async probe => {
    const pool = probe.pool();
    const [below] = await probe.grantSlots(pool, [0]);
    const owner = probe.owner();
    const first = await probe.grantSlot(pool, SLOTS, { owner, data: 'once', ttlMs: 2 * probe.unitMs });
    assert.equal(first.slot, 1);
    await probe.assertReleased(below!);
    const again = await probe.grantSlot(pool, SLOTS, { owner, data: 'twice', firstSlot: 3 });
    assert.deepEqual([again.slot, again.fencingToken], [first.slot, first.fencingToken]);
    assertData(again.data, 'once');
    await probe.past(2 * probe.unitMs);
    await probe.assertHeldBy(again, { data: 'once' });
    await probe.assertFree(slotKey(pool, 0), 'no second slot was taken');
  });

  it('answers held with the soonest end where no slot is free', 'slots', 'server-expiry', async probe => {
    const pool = probe.pool();
    await probe.grantSlots(pool, [0, 2], 20 * probe.unitMs);
    const [soonest] = await probe.grantSlots(pool, [1], 5 * probe.unitMs);
    const freeInMs = await assertFull(probe, pool, 3, 'all slots are held');
    assert.ok(freeInMs > 0 && freeInMs <= 5 * probe.unitMs, `freeInMs is ${freeInMs}`);
    await probe.assertReleased(soonest!);
    assert.equal((await probe.grantSlot(pool, 3)).slot, 1);
  });

  it('grants a slot whose lease has ended', 'slots', 'server-expiry', async probe => {
    const pool = probe.pool();
    const dead = await probe.grantSlot(pool, 1, { ttlMs: probe.unitMs });
    await assertFull(probe, pool, 1, 'the only slot is held');
    await probe.past(probe.unitMs);
    const next = await probe.grantSlot(pool, 1);
    assert.ok(next.fencingToken > dead.fencingToken, 'the tokens of a slot grow');
    await probe.assertRenewRefused(dead, 'another owner has the slot');
  });

  it(
    'sees a slot as held that was taken under its own key, and one that was kept or revoked',
    'slots',
    async probe => {
      const pool = probe.pool();
      const owner = probe.owner();
      const [, kept] = await probe.grantSlots(pool, [0, 1]);
      const revoked = await probe.grantSlot(pool, 3, { owner });
      await probe.assertReleased(kept!, { keepForMs: 20 * probe.unitMs });
      assert.equal(await probe.revoke(revoked), true);
      await assertFull(probe, pool, 3, 'one slot is held, one kept, one revoked');
      const again = await probe.acquire(pool, { owner, slots: 3 });
      assert.equal(again.kind, 'held', 'its owner does not undo the revocation by asking again');
    },
  );

  it('does not mix with another pool, though one name starts the other', 'slots', async probe => {
    const [one, two] = [probe.pool('a'), probe.pool('a/b{}%')];
    const owner = probe.owner();
    const first = await probe.grantSlot(one, 1, { owner });
    const second = await probe.grantSlot(two, 1, { owner });
    await assertFull(probe, one, 1, 'its only slot is held');
    await probe.assertReleased(second);
    await probe.assertHeldBy(first);
    await probe.grantSlot(two, 1);
  });

  it('has no more slots than were asked for: others of its keys are left alone', 'slots', async probe => {
    const pool = probe.pool();
    await probe.grantSlots(pool, [0, 1]);
    await assertFull(probe, pool, 2, 'slot 2 is none of two');
    assert.equal((await probe.grantSlot(pool, 3)).slot, 2);
  });

  it(
    'gives each of many who ask at once a slot of his own, and never more than there are',
    'slots',
    async probe => {
      for (let round = 0; round < 5; round++) {
        const pool = probe.pool(`race-${round}`);
        const outcomes = await Promise.all(
          Array.from({ length: 16 }, (_, n) =>
            probe.acquire(pool, { slots: SLOTS, firstSlot: round < 3 ? 0 : n % SLOTS }),
          ),
        );
        assert.deepEqual(slotsOf(outcomes).sort(), [0, 1, 2, 3, 4]);
      }
    },
  );

  it('gives one owner who asks many times at once one slot', 'slots', async probe => {
    const pool = probe.pool();
    const owner = probe.owner();
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, (_, n) =>
        probe.acquire(pool, { owner, slots: SLOTS, firstSlot: n % SLOTS }),
      ),
    );
    assert.deepEqual([slotsOf(outcomes).length, new Set(slotsOf(outcomes)).size], [16, 1]);
  });

  it('passes over a corrupt slot while another is free', 'slots', 'corrupt', async probe => {
    const pool = probe.pool();
    await probe.harness.corrupt!(slotKey(pool, 0), probe.store);
    assert.equal((await probe.grantSlot(pool, 2)).slot, 1);
    await assertCorrupt(probe.acquire(pool, { slots: 1 }), pool);
  });
});
