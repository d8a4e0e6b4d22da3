import assert from 'node:assert/strict';
import type { LeaseStore } from '../../../core/lease-store.js';
import { SyncManager } from '../../../engine/sync-manager.js';
import { defineCases } from '../define-cases.js';
import type { Probe } from '../probe.js';

/** The store itself, but for its end: closing a manager would close it. */
function keptOpen(store: LeaseStore): LeaseStore {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = name === 'close' ? undefined : Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

/** Runs `work` with as many managers as would be replicas, which leave the store open. */
async function withManagers(
  probe: Probe,
  work: (one: SyncManager, other: SyncManager) => Promise<void>,
): Promise<void> {
  const open = (store: LeaseStore): SyncManager =>
    new SyncManager({ store: keptOpen(store), ttl: 4 * probe.unitMs });
  const managers = [open(probe.store), open(await probe.watcher())] as const;
  try {
    await work(...managers);
  } finally {
    await Promise.all(managers.map(manager => manager.close()));
  }
}

/** What every store is good for, whichever way its slots are found: pools, and several keys at once. */
export const managerCases = defineCases('manager', it => {
  it('hands out each slot of a pool once, and then says that it is full', probe =>
    withManagers(probe, async (one, other) => {
      const name = probe.key('full');
      const first = await one.pool(name, { slots: 3 }).acquireUpTo(2);
      const rest = await other.pool(name, { slots: 3 }).acquireUpTo(2);
      const slots = [...first, ...rest].map(({ slot }) => slot);
      assert.deepEqual(slots.sort(), [0, 1, 2]);
      assert.equal(await one.pool(name, { slots: 3 }).tryAcquireAny(), null);
    }));

  it('hands out a slot that was released, with what was kept beside it', probe =>
    withManagers(probe, async (one, other) => {
      const name = probe.key('handed');
      const [lease] = await one.pool(name, { slots: 1 }).acquireUpTo(1);
      const next = other.pool(name, { slots: 1 }).acquireAny({ wait: Infinity });
      await lease!.release({ data: 'offset 7' });
      const { slot, data, fencingToken } = await next;
      assert.deepEqual([slot, data], [0, 'offset 7']);
      assert.ok(fencingToken > lease!.fencingToken, 'tokens of a slot grow');
    }));

  it('hands out keys that are given, and those that are listed', probe =>
    withManagers(probe, async (one, other) => {
      const ids = ['a', 'b'].map(each => probe.key(`named/${each}`));
      for (const id of ids) await (await one.acquire(id, { attributes: { made: true } })).release();
      const named = await one.pool(probe.key('named'), { ids }).acquireAny();
      const listed = await other.pool(probe.key('listed'), { discover: probe.key('named/') }).acquireAny();
      assert.deepEqual([named.slot, listed.slot].sort(), ids);
      assert.deepEqual(listed.attributes, { made: true });
    }));

  it('acquires all of several keys, or none', probe =>
    withManagers(probe, async (one, other) => {
      const keys = ['a', 'b', 'c'].map(each => probe.key(`set/${each}`));
      const set = await one.acquireAll(keys);
      await set.release();
      const between = await other.acquire(keys[1]!);
      assert.equal(await one.tryAcquireAll(keys), null);
      for (const key of [keys[0]!, keys[2]!])
        assert.notEqual((await probe.inspect(key))?.isHeld, true, `${key} is held after a set that failed`);
      await between.release();
      assert.notEqual(await one.tryAcquireAll(keys), null);
    }));
});
