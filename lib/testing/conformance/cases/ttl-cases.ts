import assert from 'node:assert/strict';
import { defineCases } from '../define-cases.js';
import { CALL } from '../probe.js';

const DAY_MS = 86_400_000;

/** What the port says of: ttl. */
export const ttlCases = defineCases('ttl', it => {
  it('ends the lease of a holder that is dead', async probe => {
    const key = probe.key();
    const dead = await probe.grant(key, { ttlMs: probe.unitMs });
    const next = await probe.takeOver(key, dead.ttlMs);
    assert.notEqual(next.owner, dead.owner);
  });

  it('does not end a lease early', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: 4 * probe.unitMs });
    await probe.units(2.5);
    await probe.assertUnavailable(grant.key, 'the TTL is not over');
    await probe.assertRenewed(grant);
  });

  it('may be 50 ms', async probe => {
    const key = probe.key();
    await probe.grant(key, { ttlMs: 50 });
    await probe.takeOver(key, 50);
  });

  it('may be 30 days', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: 30 * DAY_MS });
    await probe.units(2);
    const held = await probe.assertUnavailable(grant.key, 'the lease has 30 days');
    assert.ok(held.freeInMs! > 29 * DAY_MS && held.freeInMs! < 31 * DAY_MS, `freeInMs is ${held.freeInMs}`);
    await probe.assertRenewed(grant);
  });

  it('may have a fraction of a millisecond', async probe => {
    const key = probe.key();
    const grant = await probe.grant(key, { ttlMs: probe.unitMs / 3 + 0.123 });
    await probe.renew(grant, { ttlMs: probe.unitMs / 3 + 0.456 });
    await probe.takeOver(key, probe.unitMs);
  });

  it('is lengthened by a renewal with a longer one', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: 2 * probe.unitMs });
    await probe.assertRenewed(grant, { ttlMs: 20 * probe.unitMs });
    await probe.units(2.5);
    await probe.assertUnavailable(grant.key, 'the renewed TTL is not over');
  });

  it('never moves back: a renewal that was long on its way does not shorten the lease', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: 2 * probe.unitMs });
    const late = probe.renewRequest(grant);
    await probe.assertRenewed(grant, { ttlMs: 20 * probe.unitMs });
    await probe.store.renew(late, CALL);
    const held = await probe.assertUnavailable(grant.key, 'the lease was renewed for longer');
    assert.ok(held.freeInMs! > 10 * probe.unitMs, `freeInMs is ${held.freeInMs}`);
    await probe.assertRenewed(grant, { ttlMs: 20 * probe.unitMs });
  });

  it('never moves back: a shorter renewal does not shorten the lease', 'server-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { ttlMs: 20 * probe.unitMs });
    await probe.assertRenewed(grant, { ttlMs: 50 });
    await probe.past(60);
    await probe.assertUnavailable(grant.key, 'the lease was granted for longer');
    await probe.assertRenewed(grant);
  });

  it(
    'never moves back: an owner that asks again for less does not shorten its lease',
    'server-expiry',
    async probe => {
      const grant = await probe.grant(probe.key(), { ttlMs: 20 * probe.unitMs });
      await probe.grant(grant.key, { owner: grant.owner, ttlMs: 50 });
      await probe.past(60);
      await probe.assertUnavailable(grant.key, 'the lease was granted for longer');
      await probe.assertRenewed(grant);
    },
  );

  it('of one lease says nothing about the next', async probe => {
    const key = probe.key();
    const long = await probe.grant(key, { ttlMs: 1000 * probe.unitMs });
    await probe.assertReleased(long);
    const short = await probe.grant(key, { ttlMs: probe.unitMs });
    await probe.takeOver(key, short.ttlMs);
  });
});
