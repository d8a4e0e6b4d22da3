import assert from 'node:assert/strict';
import { defineCases } from '../define-cases.js';
import { assertAttributes, assertData } from '../probe.js';

const HOLDER = {
  service: 'orders',
  host: 'host-1',
  pid: 17,
  url: 'http://10.0.0.1:3000',
  since: '2026-01-01T00:00:00.000Z',
};
const OTHER = { host: 'hôst-2 🔒', pid: 4711, since: '2026-01-02T00:00:00.000Z' };

/** What the port says of: acquire. */
export const acquireCases = defineCases('acquire', it => {
  it('grants a free key, answering when the request was sent', async probe => {
    const grant = await probe.grant(probe.key(), { sentAt: 123.5 });
    assert.equal(grant.sentAt, 123.5);
  });

  it('refuses a held key, naming its owner and holder', async probe => {
    const grant = await probe.grant(probe.key(), { holder: HOLDER });
    const held = await probe.assertUnavailable(grant.key, 'the key is held');
    assert.equal(held.owner, grant.owner);
    assert.deepEqual({ ...held.holder }, HOLDER);
  });

  it('leaves the holder in place when it refuses another', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'mine', attributes: { shard: 1 } });
    await probe.acquire(grant.key, { data: 'theirs', attributes: { shard: 2 }, holder: OTHER });
    await probe.assertHeldBy(grant, { data: 'mine', attributes: { shard: 1 } });
    await probe.assertRenewed(grant);
  });

  it('says when a held key is free if the holder is dead: not after its lease', async probe => {
    const ttlMs = 10 * probe.unitMs;
    const grant = await probe.grant(probe.key(), { ttlMs });
    const held = await probe.assertUnavailable(grant.key, 'the key is held');
    const roundedUpMs = ttlMs * 1.05 + 5;
    assert.ok(
      held.freeInMs! > 0 && held.freeInMs! <= roundedUpMs,
      `freeInMs is ${held.freeInMs} of a TTL of ${ttlMs}`,
    );
  });

  it('tells of less time as time passes', 'server-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: 10 * probe.unitMs });
    await probe.units(1);
    const held = await probe.assertUnavailable(grant.key, 'the key is held');
    assert.ok(held.freeInMs! <= 9 * probe.unitMs + 5, `freeInMs is ${held.freeInMs} after one of ten units`);
  });

  it('grants a key once freeInMs has passed', 'server-expiry', async probe => {
    const key = probe.key();
    await probe.grant(key, { ttlMs: 2 * probe.unitMs });
    const held = await probe.assertUnavailable(key, 'the key is held');
    await probe.past(held.freeInMs!);
    await probe.assertFree(key, 'freeInMs has passed');
  });

  it('says that an unknown holder may be dead, until its record changes', 'observed-expiry', async probe => {
    const grant = await probe.grant(probe.key());
    const watcher = await probe.watcher();
    const ask = () => probe.assertUnavailable(grant.key, 'the key is held', watcher);
    assert.equal((await ask()).mayBeDead, true, 'its first look tells nothing of life');
    assert.equal((await ask()).mayBeDead, true, 'nothing has changed');
    await probe.assertRenewed(grant);
    assert.notEqual((await ask()).mayBeDead, true, 'it was renewed under the eyes of the watcher');
    assert.notEqual((await ask()).mayBeDead, true, 'it has shown life, and its lease is not over');
  });

  it(
    'takes a dead key by asking now and then, without waiting in between',
    'observed-expiry',
    async probe => {
      const grant = await probe.grant(probe.key(), { ttlMs: 2 * probe.unitMs });
      await probe.assertUnavailable(grant.key, 'the key is held');
      await probe.past(2.2 * probe.unitMs);
      await probe.assertFree(grant.key, 'its record has not changed for longer than its lease');
    },
  );

  it(
    'with onlyIfDead takes a key from a dead holder, and not one that was released',
    'observed-expiry',
    async probe => {
      const key = probe.key();
      const first = await probe.grant(key, { ttlMs: 2 * probe.unitMs });
      const ask = () => probe.acquire(key, { onlyIfDead: true });
      assert.equal((await ask()).kind, 'held');
      await probe.assertReleased(first);
      const released = await ask();
      assert.equal(released.kind, 'held', 'its holder was alive to release it');
      assert.notEqual(released.kind === 'held' && released.mayBeDead, true);
      const second = await probe.grant(key, { ttlMs: 2 * probe.unitMs });
      await probe.takeOver(key, second.ttlMs, { onlyIfDead: true });
    },
  );

  it('watches anew from each change of the record', 'observed-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: 3 * probe.unitMs });
    await probe.assertUnavailable(grant.key, 'the key is held');
    await probe.units(2);
    await probe.assertRenewed(grant);
    await probe.units(2);
    await probe.assertUnavailable(grant.key, 'it was renewed two units ago');
    await probe.units(2);
    await probe.assertUnavailable(grant.key, 'its renewal was seen two units ago');
    await probe.units(2);
    await probe.assertFree(grant.key, 'its record has not changed for four units');
  });

  it('with mustExist refuses a key that is not known, and creates nothing', async probe => {
    const key = probe.key();
    assert.deepEqual(await probe.acquire(key, { mustExist: true, data: 'x' }), { kind: 'absent' });
    assert.equal(await probe.inspect(key), null);
    await probe.assertFree(key, 'nobody was granted the key');
  });

  it('with mustExist grants a key beside which something is kept', async probe => {
    for (const kept of [{ data: 'x' }, { attributes: { n: 1 } }]) {
      const first = await probe.grant(probe.key(Object.keys(kept)[0]), kept);
      await probe.assertReleased(first);
      const second = await probe.grant(first.key, { mustExist: true });
      assert.ok(second.fencingToken > first.fencingToken, 'tokens grow');
    }
  });

  it('with mustExist says of a held key that it is held, and grants it to its owner again', async probe => {
    const grant = await probe.grant(probe.key());
    assert.equal((await probe.acquire(grant.key, { mustExist: true })).kind, 'held');
    const again = await probe.grant(grant.key, { owner: grant.owner, mustExist: true });
    assert.equal(again.fencingToken, grant.fencingToken);
  });

  it('grants again to the owner that holds the key, with the same token', async probe => {
    const grant = await probe.grant(probe.key());
    const again = await probe.grant(grant.key, { owner: grant.owner });
    assert.equal(again.fencingToken, grant.fencingToken);
    await probe.assertRenewed(grant);
  });

  it('arms the TTL anew when its owner asks again', async probe => {
    const ttlMs = 4 * probe.unitMs;
    const grant = await probe.grant(probe.key(), { ttlMs });
    await probe.units(2);
    await probe.grant(grant.key, { owner: grant.owner, ttlMs });
    await probe.units(2.5);
    await probe.assertUnavailable(grant.key, 'the first TTL is over, the second is not');
  });

  it('writes data, attributes and holder once, however often its owner asks', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'first', attributes: { n: 1 }, holder: HOLDER });
    const again = await probe.grant(grant.key, {
      owner: grant.owner,
      data: 'second',
      attributes: { n: 2, more: true },
      holder: OTHER,
    });
    assertData(again.data, 'first');
    assertAttributes(again.attributes, { n: 1 });
    assert.deepEqual({ ...(await probe.inspect(grant.key))?.holder }, HOLDER);
  });

  it('does not undo a later write of its owner when asked again', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'first' });
    await probe.assertRenewed(grant, { data: 'newer', sequence: 1 });
    const again = await probe.grant(grant.key, { owner: grant.owner, data: 'first' });
    assertData(again.data, 'newer');
  });

  it('answers the sentAt of an attempt from which the whole TTL counts', async probe => {
    const ttlMs = 4 * probe.unitMs;
    const [firstMs, secondMs] = [1000, 1000 + 2 * probe.unitMs];
    const grant = await probe.grant(probe.key(), { ttlMs, sentAt: firstMs });
    await probe.units(2);
    const again = await probe.grant(grant.key, { owner: grant.owner, ttlMs, sentAt: secondMs });
    assert.ok(
      [firstMs, secondMs].includes(again.sentAt),
      `sentAt is ${again.sentAt}, no attempt was sent then`,
    );
    await probe.units((again.sentAt - secondMs + ttlMs) / probe.unitMs - 1.5);
    await probe.assertUnavailable(grant.key, `the TTL from sentAt ${again.sentAt} is not over`);
  });

  it('takes a late first attempt of an owner that was granted since for no news', async probe => {
    const owner = probe.owner();
    const late = probe.sentAt();
    const grant = await probe.grant(probe.key(), { owner, data: 'kept' });
    const again = await probe.grant(grant.key, { owner, sentAt: late, data: 'kept' });
    assert.equal(again.fencingToken, grant.fencingToken);
    await probe.assertHeldBy(grant, { data: 'kept' });
  });

  it('does not grant to a former owner whose key was taken over', async probe => {
    const key = probe.key();
    const former = await probe.grant(key, { ttlMs: probe.unitMs });
    const holder = await probe.takeOver(key, former.ttlMs);
    const outcome = await probe.acquire(key, { owner: former.owner, data: 'stale' });
    assert.equal(outcome.kind, 'held');
    await probe.assertHeldBy(holder, { data: undefined });
  });

  it('writes the holder anew, also when there is none', async probe => {
    const key = probe.key();
    for (const holder of [HOLDER, OTHER, undefined]) {
      const grant = await probe.grant(key, { holder });
      const held = await probe.assertUnavailable(key, 'the key is held');
      assert.deepEqual(held.holder && { ...held.holder }, holder);
      assert.deepEqual((await probe.inspect(key))?.holder, held.holder);
      await probe.assertReleased(grant);
    }
  });
});
