import assert from 'node:assert/strict';
import { defineCases } from '../define-cases.js';
import { assertAttributes, assertData, CALL } from '../probe.js';

/** What the port says of: revoke. */
export const revokeCases = defineCases('revoke', it => {
  it('refuses further renewals, and grants the key to nobody before the lease has ended', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: 4 * probe.unitMs });
    assert.equal(await probe.revoke(grant), true);
    await probe.assertRenewRefused(grant, 'the grant was revoked', { data: 'late' });
    await probe.units(2);
    await probe.assertUnavailable(grant.key, 'the revoked lease has not ended');
    const next = await probe.takeOver(grant.key, grant.ttlMs);
    assertData(next.data, undefined);
  });

  it('is not undone by an owner that asks again', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: 4 * probe.unitMs });
    await probe.revoke(grant);
    const outcome = await probe.acquire(grant.key, { owner: grant.owner, ttlMs: 1000 * probe.unitMs });
    assert.notEqual(outcome.kind, 'granted', 'the revoked owner was granted again');
    await probe.assertRenewRefused(grant, 'the grant was revoked');
    await probe.takeOver(grant.key, grant.ttlMs);
  });

  it('lets the holder release before the end', async probe => {
    const grant = await probe.grant(probe.key());
    await probe.revoke(grant);
    await probe.assertReleased(grant);
    await probe.assertFree(grant.key, 'the revoked lease was released');
  });

  it('can be repeated', async probe => {
    const grant = await probe.grant(probe.key());
    assert.equal(await probe.revoke(grant), true);
    assert.equal(await probe.revoke(grant), true);
    await probe.assertRenewRefused(grant, 'the grant was revoked');
  });

  it('by force frees the key at once', async probe => {
    const grant = await probe.grant(probe.key());
    assert.equal(await probe.revoke(grant, true), true);
    await probe.assertFree(grant.key, 'the grant was revoked by force');
  });

  it('by force leaves the former holder powerless', async probe => {
    const former = await probe.grant(probe.key());
    await probe.revoke(former, true);
    await probe.assertRenewRefused(former, 'the grant was revoked');
    const next = await probe.grant(former.key);
    await probe.assertRenewRefused(former, 'the key belongs to the next holder', { data: 'stale' });
    await probe.assertReleaseRefused(former, 'the key belongs to the next holder', { data: 'stale' });
    await probe.assertHeldBy(next, { data: undefined });
  });

  it('by force ends a lease that was revoked before', async probe => {
    const grant = await probe.grant(probe.key());
    await probe.revoke(grant);
    assert.equal(await probe.revoke(grant, true), true);
    await probe.assertFree(grant.key, 'the grant was revoked by force');
  });

  it('leaves another grant of the key alone', async probe => {
    const former = await probe.grant(probe.key());
    await probe.assertReleased(former);
    const holder = await probe.grant(former.key);
    for (const force of [false, true]) {
      assert.equal(await probe.revoke(former, force), false);
      assert.equal(await probe.revoke(former, force, { fencingToken: holder.fencingToken + 1 }), false);
    }
    await probe.assertHeldBy(holder);
    await probe.assertRenewed(holder);
  });

  it('finds nothing under a free key', async probe => {
    const key = probe.key();
    for (const force of [false, true])
      assert.equal(await probe.store.revoke({ key, fencingToken: 1, force }, CALL), false);
    assert.equal(await probe.inspect(key), null);
  });

  it('keeps data and attributes for the next holder', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'kept', attributes: { shard: 3 } });
    await probe.revoke(grant, true);
    const next = await probe.grant(grant.key);
    assertData(next.data, 'kept');
    assertAttributes(next.attributes, { shard: 3 });
  });

  it('does not outlive the grant: the next one is renewed as ever', async probe => {
    const grant = await probe.grant(probe.key());
    await probe.revoke(grant);
    await probe.assertReleased(grant);
    const next = await probe.grant(grant.key);
    await probe.assertRenewed(next);
  });
});
