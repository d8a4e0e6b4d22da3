import assert from 'node:assert/strict';
import { slotKey } from '../../../core/slot-keys.js';
import { defineCases } from '../define-cases.js';
import { withHints } from '../hint-counter.js';
import { assertAttributes, assertData, CALL, type Grant } from '../probe.js';

const SLOTS = 5;

/** What the port says of: slot. A slot of a pool is a lease like any other. */
export const slotCases = defineCases('slot', it => {
  it('has tokens that grow, however it is taken', 'slots', async probe => {
    const pool = probe.pool();
    let last = 0;
    for (let round = 0; round < 5; round++) {
      const grant = await probe.grantSlot(pool, 1);
      assert.ok(grant.fencingToken > last, `token ${grant.fencingToken} after ${last}`);
      last = grant.fencingToken;
      await probe.assertReleased(grant);
      const direct = await probe.grant(slotKey(pool, 0));
      assert.ok(
        direct.fencingToken > last,
        `token ${direct.fencingToken} after ${last}, under the slot's key`,
      );
      last = direct.fencingToken;
      await probe.assertReleased(direct);
    }
  });

  it('is a lease like any other, under its own key', 'slots', async probe => {
    const pool = probe.pool();
    const holder = { host: 'h', pid: 1, since: 'now' };
    const kept = { data: 'first', attributes: { a: 1 } };
    const grant = await probe.grantSlot(pool, SLOTS, { ...kept, holder, firstSlot: 2 });
    assert.equal(grant.key, slotKey(pool, 2));
    assertData(grant.data, 'first');
    await probe.assertHeldBy(grant, kept);
    assert.deepEqual((await probe.inspect(grant.key))?.holder, holder);
    assert.equal(await probe.inspect(pool), null, "nothing is kept under the pool's own key");
    await probe.assertUnavailable(grant.key, 'the slot is held');
    await probe.assertRenewed(grant, { data: 'second', ttlMs: 20 * probe.unitMs });
    await probe.assertReleased(grant, { attributes: { b: true } });
    const next = await probe.grantSlot(pool, SLOTS, { firstSlot: 2 });
    assertData(next.data, 'second');
    assertAttributes(next.attributes, { a: 1, b: true });
  });

  it('is listed, whether the prefix ends before, in or behind the key of its pool', 'slots', async probe => {
    const pool = probe.pool();
    const grants = await probe.grantSlots(pool, [1, 10, 12]);
    await probe.grantSlots(`${pool}s`, [1]);
    const found = async (prefix: string): Promise<string[]> =>
      (await probe.list(prefix)).map(({ key }) => key.slice(pool.length)).sort();
    const all = ['/1', '/10', '/12', 's/1'];
    assert.deepEqual(await found(pool.slice(0, -3)), all);
    assert.deepEqual(await found(pool), all);
    assert.deepEqual(await found(`${pool}/`), all.slice(0, 3));
    assert.deepEqual(await found(`${pool}/1`), all.slice(0, 3));
    assert.deepEqual(await found(`${pool}/10`), ['/10']);
    assert.deepEqual(await found(`${pool}/x`), []);
    await probe.assertHeldBy(grants[0]!);
  });

  it('is free at once when it is revoked by force', 'slots', async probe => {
    const pool = probe.pool();
    const grant = await probe.grantSlot(pool, 1);
    assert.equal(await probe.revoke(grant, true), true);
    await probe.grantSlot(pool, 1);
  });

  it('is released for its owner who does not know which it is, and no other', 'slots', async probe => {
    const pool = probe.pool();
    const [other] = await probe.grantSlots(pool, [0]);
    const { owner, fencingToken, key } = await probe.grantSlot(pool, SLOTS);
    const release = (own: { owner: string; fencingToken?: number }) =>
      probe.store.release({ ...own, key: pool, slots: SLOTS }, CALL);
    assert.deepEqual(await release({ owner: probe.owner() }), { kind: 'not-held' });
    assert.deepEqual(await release({ owner, fencingToken: fencingToken + 1 }), { kind: 'not-held' });
    assert.deepEqual(await release({ owner }), { kind: 'released' });
    await probe.assertFree(key, 'its slot was released');
    await probe.assertHeldBy(other!);
    assert.deepEqual(await release({ owner }), { kind: 'not-held' });
    const next = await probe.grantSlot(pool, SLOTS, { firstSlot: 4 });
    assert.deepEqual(await release({ owner: next.owner, fencingToken: next.fencingToken }), {
      kind: 'released',
    });
  });

  it(
    'is told of, when it is freed, to who waits for any slot of its pool',
    'slots',
    'whenFreed',
    async probe => {
      const pool = probe.pool();
      await withHints(probe, slotKey(pool, 2), probe.store, async hints => {
        for (const [slot, release] of [
          [0, (grant: Grant) => probe.assertReleased(grant)],
          [3, ({ owner }: Grant) => probe.store.release({ key: pool, owner, slots: SLOTS }, CALL)],
          [4, (grant: Grant) => probe.revoke(grant, true)],
        ] as const) {
          const grant = await probe.grantSlot(pool, SLOTS, { firstSlot: slot });
          const before = hints.count;
          await release(grant);
          await hints.more(before, `no hint came of slot ${slot}`);
        }
      });
    },
  );

  it('is told of to who waits for it alone', 'slots', 'whenFreed', async probe => {
    const grant = await probe.grantSlot(probe.pool(), SLOTS);
    await withHints(probe, grant.key, probe.store, async hints => {
      const before = hints.count;
      await probe.assertReleased(grant);
      await hints.more(before, 'no hint came');
    });
  });
});
