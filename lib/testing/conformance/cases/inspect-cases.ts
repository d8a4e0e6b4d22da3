import assert from 'node:assert/strict';
import { defineCases } from '../define-cases.js';
import { assertAttributes, assertData } from '../probe.js';

const HOLDER = { host: 'host-1', pid: 17, since: '2026-01-01T00:00:00.000Z' };

/** What the port says of: inspect. */
export const inspectCases = defineCases('inspect', it => {
  it('finds nothing under a key that was never used', async probe => {
    assert.equal(await probe.inspect(probe.key()), null);
  });

  it('finds nothing under a free key with nothing kept', async probe => {
    const grant = await probe.grant(probe.key(), { holder: HOLDER });
    await probe.assertReleased(grant);
    assert.equal(await probe.inspect(grant.key), null);
  });

  it('finds nothing under a key whose lease has expired', 'server-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: probe.unitMs, holder: HOLDER });
    await probe.past(grant.ttlMs);
    assert.equal(await probe.inspect(grant.key), null);
  });

  it('tells all of a held key', async probe => {
    const ttlMs = 10 * probe.unitMs;
    const grant = await probe.grant(probe.key(), { ttlMs, holder: HOLDER, data: 'x', attributes: { n: 1 } });
    const record = await probe.inspect(grant.key);
    assert.ok(record !== null);
    assert.equal(record.key, grant.key);
    assert.equal(record.isHeld, true);
    assert.deepEqual({ ...record.holder }, HOLDER);
    await probe.assertHeldBy(grant, { data: 'x', attributes: { n: 1 } });
    if (probe.store.expiry === 'server')
      assert.ok(
        record.remainingMs! > 0 && record.remainingMs! <= ttlMs,
        `remainingMs is ${record.remainingMs} of ${ttlMs}`,
      );
  });

  it('tells of what a free key keeps, and of no holder', async probe => {
    const grant = await probe.grant(probe.key(), { holder: HOLDER, data: 'x', attributes: { n: 1 } });
    await probe.assertReleased(grant);
    const record = await probe.inspect(grant.key);
    assert.ok(record !== null);
    assert.equal(record.isHeld, false);
    assert.equal(record.owner, undefined);
    assert.equal(record.holder, undefined);
    assertData(record.data, 'x');
    assertAttributes(record.attributes, { n: 1 });
  });

  it('tells of less time as time passes', 'server-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: 10 * probe.unitMs });
    await probe.units(1);
    const record = await probe.inspect(grant.key);
    assert.ok(record!.remainingMs! <= 9 * probe.unitMs + 5, `remainingMs is ${record!.remainingMs}`);
  });

  it('tells how soon a holder that shows no life is known to be dead', 'observed-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: 4 * probe.unitMs });
    const watcher = await probe.watcher();
    const seen = async (): Promise<number> =>
      (await probe.inspect(grant.key, watcher))?.remainingMs ?? assert.fail('nothing is told of its time');
    assert.ok(
      (await seen()) >= 4 * probe.unitMs,
      'a holder may have shown life just before it was first seen',
    );
    await probe.units(3);
    assert.ok((await seen()) > 0, 'a holder is not dead before its lease is over');
    await probe.assertRenewed(grant);
    assert.ok((await seen()) >= 4 * probe.unitMs, 'a holder that has renewed lives');
    // The drift of clocks, which may be a tenth
    await probe.past(5 * probe.unitMs);
    assert.equal(await seen(), 0, 'a lease that has elapsed without a sign of life');
    assert.equal((await probe.inspect(grant.key, watcher))?.isHeld, true, 'nobody has taken it yet');
    await probe.grant(grant.key, {}, watcher);
  });

  it('never acquires', async probe => {
    const key = probe.key();
    await probe.inspect(key);
    await probe.assertFree(key, 'looking is not acquiring');
  });

  it('arms no TTL', async probe => {
    const key = probe.key();
    const grant = await probe.grant(key, { ttlMs: 2 * probe.unitMs });
    await probe.units(1);
    await probe.inspect(key);
    await probe.takeOver(key, grant.ttlMs - probe.unitMs / 2);
  });

  it('on another handle tells the same', 'reopen', async probe => {
    const grant = await probe.grant(probe.key(), {
      holder: HOLDER,
      data: Uint8Array.of(1, 2),
      attributes: { n: 1 },
    });
    const record = await probe.inspect(grant.key, await probe.another());
    assert.equal(record?.owner, grant.owner);
    assert.equal(record?.fencingToken, grant.fencingToken);
    assertData(record?.data, Uint8Array.of(1, 2));
    assertAttributes(record?.attributes, { n: 1 });
  });
});
