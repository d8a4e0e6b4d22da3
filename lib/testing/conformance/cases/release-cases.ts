import assert from 'node:assert/strict';
import { defineCases } from '../define-cases.js';
import { assertData, CALL } from '../probe.js';

/** What the port says of: release. */
export const releaseCases = defineCases('release', it => {
  it('frees the key at once', async probe => {
    const grant = await probe.grant(probe.key());
    await probe.assertReleased(grant);
    await probe.assertFree(grant.key, 'the key was released');
  });

  it('is idempotent, and powerless over the next holder', async probe => {
    const grant = await probe.grant(probe.key());
    await probe.assertReleased(grant);
    await probe.release(grant);
    const next = await probe.grant(grant.key);
    await probe.assertReleaseRefused(grant, 'the key belongs to the next holder');
    await probe.assertHeldBy(next);
  });

  it('frees by the owner alone when the token is not known', async probe => {
    const { key, owner } = await probe.grant(probe.key());
    assert.deepEqual(await probe.store.release({ key, owner }, CALL), { kind: 'released' });
    await probe.assertFree(key, 'the key was released');
  });

  it('refuses a stranger, with and without the right token', async probe => {
    const grant = await probe.grant(probe.key());
    await probe.assertReleaseRefused(grant, 'the owner is wrong', { owner: probe.owner(), data: 'stale' });
    const stranger = { owner: probe.owner(), fencingToken: undefined, data: 'stale' };
    await probe.assertReleaseRefused(grant, 'the owner is wrong', stranger);
    await probe.assertHeldBy(grant, { data: undefined });
  });

  it('refuses the owner with another token', async probe => {
    const grant = await probe.grant(probe.key());
    for (const change of [-1, 1])
      await probe.assertReleaseRefused(grant, 'the token is wrong', {
        fencingToken: grant.fencingToken + change,
      });
    await probe.assertHeldBy(grant);
  });

  it('does nothing for a stale owner after take-over', async probe => {
    const key = probe.key();
    const stale = await probe.grant(key, { ttlMs: probe.unitMs });
    const holder = await probe.takeOver(key, stale.ttlMs);
    const writes = { data: 'stale', attributes: { stale: true } };
    await probe.assertReleaseRefused(stale, 'the key was taken over', writes);
    await probe.assertReleaseRefused(stale, 'the key was taken over', { ...writes, fencingToken: undefined });
    await probe.assertReleaseRefused(stale, 'the key was taken over', { keepForMs: probe.unitMs });
    await probe.assertHeldBy(holder, { data: undefined, attributes: {} });
  });

  it('creates nothing under a free key', async probe => {
    const key = probe.key();
    const request = { key, owner: probe.owner(), fencingToken: 1, data: 'x', keepForMs: 20 * probe.unitMs };
    assert.deepEqual(await probe.store.release(request, CALL), { kind: 'not-held' });
    assert.equal(await probe.inspect(key), null);
    await probe.assertFree(key, 'nobody acquired the key');
  });

  it('keeps the key unavailable to everybody for keepForMs', 'server-expiry', async probe => {
    const grant = await probe.grant(probe.key());
    const keepForMs = 3 * probe.unitMs;
    await probe.assertReleased(grant, { keepForMs });
    const held = await probe.assertUnavailable(grant.key, 'the key is kept');
    assert.ok(held.freeInMs === undefined || held.freeInMs <= keepForMs + 5, `freeInMs is ${held.freeInMs}`);
    const own = await probe.acquire(grant.key, { owner: grant.owner });
    assert.equal(own.kind, 'held', 'its former owner too is kept out');
    await probe.assertRenewRefused(grant, 'the lease was released');
    await probe.past(keepForMs);
    const next = await probe.assertFree(grant.key, 'keepForMs is over');
    assert.ok(next.fencingToken > grant.fencingToken, 'tokens grow');
  });

  it('keeps the key for keepForMs, and a second release ends that', 'observed-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'x' });
    const keepForMs = 3 * probe.unitMs;
    await probe.assertReleased(grant, { keepForMs, data: 'y' });
    const held = await probe.assertUnavailable(grant.key, 'the key is kept');
    assert.equal(held.owner, undefined, 'nobody in particular holds it');
    assert.ok(held.freeInMs! <= keepForMs * 1.05 + 5, `freeInMs is ${held.freeInMs}`);
    await probe.assertRenewRefused(grant, 'the lease was released');
    await probe.release(grant, { keepForMs });
    await probe.assertUnavailable(grant.key, 'a repeated release changes nothing');
    await probe.assertReleased(grant);
    const next = await probe.assertFree(grant.key, 'the second release has ended it');
    assert.ok(next.fencingToken > grant.fencingToken, 'tokens grow');
    assertData(next.data, 'y');
  });

  it('keeps the key no longer than keepForMs, should its owner die', 'observed-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: 20 * probe.unitMs });
    await probe.assertReleased(grant, { keepForMs: 2 * probe.unitMs });
    await probe.takeOver(grant.key, 2 * probe.unitMs);
  });

  it('keeps longer than the lease had left, where keepForMs says so', 'server-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: probe.unitMs });
    await probe.assertReleased(grant, { keepForMs: 3 * probe.unitMs });
    await probe.past(grant.ttlMs);
    await probe.assertUnavailable(grant.key, 'the lease is over, keepForMs is not');
    await probe.past(2 * probe.unitMs);
    await probe.assertFree(grant.key, 'keepForMs is over');
  });

  it('neither prolongs nor ends keepForMs when repeated', 'server-expiry', async probe => {
    const grant = await probe.grant(probe.key());
    const keepForMs = 3 * probe.unitMs;
    await probe.assertReleased(grant, { keepForMs });
    await probe.units(1);
    await probe.release(grant, { keepForMs });
    await probe.release(grant);
    await probe.assertUnavailable(grant.key, 'the key is kept');
    await probe.past(keepForMs - probe.unitMs);
    await probe.assertFree(grant.key, 'keepForMs, counted from the first release, is over');
  });
});
