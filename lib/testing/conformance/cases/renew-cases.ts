import assert from 'node:assert/strict';
import { defineCases } from '../define-cases.js';
import { CALL } from '../probe.js';

const STALE = { data: 'stale', attributes: { stale: true } } as const;
const NOTHING = { data: undefined, attributes: {} } as const;

/** What the port says of: renew. */
export const renewCases = defineCases('renew', it => {
  it('answers when the request was sent', async probe => {
    const grant = await probe.grant(probe.key());
    assert.deepEqual(await probe.renew(grant, { sentAt: 77.25 }), { kind: 'renewed', sentAt: 77.25 });
  });

  it('keeps the key beyond the first TTL', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: 4 * probe.unitMs });
    await probe.units(2);
    await probe.assertRenewed(grant);
    await probe.units(2.5);
    await probe.assertUnavailable(grant.key, 'the first TTL is over, the renewed one is not');
    await probe.assertRenewed(grant);
  });

  it('is idempotent', async probe => {
    const grant = await probe.grant(probe.key());
    const request = probe.renewRequest(grant, { data: 'x', sequence: 1 });
    for (let i = 0; i < 3; i++) assert.equal((await probe.store.renew(request, CALL)).kind, 'renewed');
    await probe.assertHeldBy(grant, { data: 'x' });
  });

  it('refuses the owner with another token, and writes nothing', async probe => {
    const grant = await probe.grant(probe.key());
    for (const change of [-1, 1])
      await probe.assertRenewRefused(grant, 'the token is wrong', {
        fencingToken: grant.fencingToken + change,
        ...STALE,
      });
    await probe.assertHeldBy(grant, NOTHING);
  });

  it('refuses another owner with the right token, and writes nothing', async probe => {
    const grant = await probe.grant(probe.key());
    await probe.assertRenewRefused(grant, 'the owner is wrong', { owner: probe.owner(), ...STALE });
    await probe.assertHeldBy(grant, NOTHING);
  });

  it('does not arm the TTL for whom it refuses', async probe => {
    const key = probe.key();
    const grant = await probe.grant(key, { ttlMs: probe.unitMs });
    await probe.renew(grant, { owner: probe.owner(), ttlMs: 1000 * probe.unitMs });
    await probe.renew(grant, { fencingToken: grant.fencingToken + 1, ttlMs: 1000 * probe.unitMs });
    await probe.takeOver(key, probe.unitMs);
  });

  it('creates nothing under a free key', async probe => {
    const key = probe.key();
    const request = { ...probe.strayRenewal(key), ...STALE };
    assert.deepEqual(await probe.store.renew(request, CALL), { kind: 'not-held' });
    assert.equal(await probe.inspect(key), null);
    await probe.assertFree(key, 'nobody acquired the key');
  });

  it('does nothing when it lands after the release', async probe => {
    const grant = await probe.grant(probe.key());
    await probe.assertReleased(grant);
    await probe.assertRenewRefused(grant, 'the lease was released', STALE);
    await probe.assertFree(grant.key, 'a renewal does not bring a released lease back');
    assert.equal((await probe.inspect(grant.key))?.data, undefined);
  });

  it('does nothing for a stale owner after take-over', async probe => {
    const key = probe.key();
    const stale = await probe.grant(key, { ttlMs: probe.unitMs });
    const holder = await probe.takeOver(key, stale.ttlMs);
    await probe.assertRenewRefused(stale, 'the key was taken over', STALE);
    await probe.assertHeldBy(holder, NOTHING);
  });

  it('does not shorten the lease of whoever took over', async probe => {
    const key = probe.key();
    const stale = await probe.grant(key, { ttlMs: probe.unitMs });
    await probe.takeOver(key, stale.ttlMs);
    await probe.renew(stale, { ttlMs: 50 });
    await probe.past(60);
    await probe.assertUnavailable(key, 'the new holder has 20 units');
  });

  it('does not revive a lease that has expired, though nobody took it', 'server-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: probe.unitMs });
    await probe.past(grant.ttlMs);
    await probe.assertRenewRefused(grant, 'the lease has expired', STALE);
    await probe.assertFree(grant.key, 'a renewal does not bring an expired lease back');
  });

  it('renews many, one promise each, whatever becomes of the others', 'renewMany', async probe => {
    const [one, released, other, last] = [
      await probe.grant(probe.key('many-1')),
      await probe.grant(probe.key('many-2')),
      await probe.grant(probe.key('many-3')),
      await probe.grant(probe.key('many-4')),
    ];
    await probe.assertReleased(released);
    const requests = [
      probe.renewRequest(one, { data: 'one' }),
      probe.renewRequest(released, { data: 'released' }),
      probe.renewRequest(other, { data: 'other', fencingToken: other.fencingToken + 1 }),
      probe.renewRequest(last),
    ];
    const promises = probe.store.renewMany!(requests, CALL);
    assert.equal(promises.length, 4);
    const kinds = (await Promise.all(promises)).map(outcome => outcome.kind);
    assert.deepEqual(kinds, ['renewed', 'not-held', 'not-held', 'renewed']);
    await probe.assertHeldBy(one, { data: 'one' });
    await probe.assertHeldBy(other, { data: undefined });
  });

  it('renews many by the rules of one: TTL armed anew, own sentAt answered', 'renewMany', async probe => {
    const ttlMs = 4 * probe.unitMs;
    const grants = await Promise.all([1, 2].map(n => probe.grant(probe.key(`many-${n}`), { ttlMs })));
    await probe.units(2);
    const requests = grants.map(grant => probe.renewRequest(grant));
    const outcomes = await Promise.all(probe.store.renewMany!(requests, CALL));
    assert.deepEqual(
      outcomes,
      requests.map(({ sentAt }) => ({ kind: 'renewed', sentAt })),
    );
    await probe.units(2.5);
    for (const { key } of grants)
      await probe.assertUnavailable(key, 'the first TTL is over, the renewed one is not');
  });

  it('renews none when asked for none', 'renewMany', async probe => {
    assert.deepEqual(probe.store.renewMany!([], CALL), []);
  });

  it('renews 500 at once', 'renewMany', async probe => {
    const keys = Array.from({ length: 500 }, (_, n) => probe.key(`many-${n}`));
    const ttlMs = 100 * probe.unitMs;
    const grants = await Promise.all(keys.map(key => probe.grant(key, { ttlMs })));
    const requests = grants.map(grant => probe.renewRequest(grant));
    const outcomes = await Promise.all(probe.store.renewMany!(requests, CALL));
    assert.deepEqual(
      outcomes,
      requests.map(({ sentAt }) => ({ kind: 'renewed', sentAt })),
    );
  });
});
