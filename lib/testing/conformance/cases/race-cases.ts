import assert from 'node:assert/strict';
import type { AcquireOutcome } from '../../../core/lease-store.js';
import { defineCases } from '../define-cases.js';
import type { Probe } from '../probe.js';

const CONTENDERS = 16;

/** Everybody at once; contender n asks through handle n mod the number of handles. */
function race(
  probe: Probe,
  key: string,
  stores = [probe.store],
  owners?: string[],
): Promise<AcquireOutcome[]> {
  return Promise.all(
    Array.from({ length: CONTENDERS }, (_, n) => {
      const own = owners === undefined ? {} : { owner: owners[n] };
      return probe.acquire(key, own, stores[n % stores.length]);
    }),
  );
}

function assertOneGrant(outcomes: AcquireOutcome[]): void {
  const grants = outcomes.filter(outcome => outcome.kind === 'granted');
  assert.equal(grants.length, 1, `${grants.length} of ${CONTENDERS} contenders were granted the key`);
}

/** What the port says of: race. */
export const raceCases = defineCases('race', it => {
  it('of 16 for a free key grants exactly one', async probe => {
    for (let round = 0; round < 5; round++) assertOneGrant(await race(probe, probe.key(`free-${round}`)));
  });

  it('of 16 for an expired key grants exactly one', async probe => {
    const key = probe.key();
    const dead = await probe.grant(key, { ttlMs: probe.unitMs });
    const owners = Array.from({ length: CONTENDERS }, () => probe.owner());
    assertOneGrant(await probe.askUntilFree(dead.ttlMs, () => race(probe, key, undefined, owners)));
  });

  it('of 16 on two handles grants exactly one', 'reopen', async probe => {
    const stores = [probe.store, await probe.another()];
    for (let round = 0; round < 5; round++)
      assertOneGrant(await race(probe, probe.key(`two-${round}`), stores));
  });

  it('of 16 for a key that is just released grants at most one, with a greater token', async probe => {
    for (let round = 0; round < 5; round++) {
      const grant = await probe.grant(probe.key(`released-${round}`));
      const [, outcomes] = await Promise.all([probe.assertReleased(grant), race(probe, grant.key)]);
      const next = outcomes.filter(outcome => outcome.kind === 'granted');
      assert.ok(next.length <= 1, `${next.length} contenders were granted the key`);
      for (const { fencingToken } of next) assert.ok(fencingToken > grant.fencingToken);
    }
  });

  it('of 16 attempts of one owner is one acquisition', async probe => {
    const owner = probe.owner();
    const outcomes = await race(
      probe,
      probe.key(),
      [probe.store],
      Array.from({ length: CONTENDERS }, () => owner),
    );
    const tokens = outcomes.map(outcome =>
      outcome.kind === 'granted' ? outcome.fencingToken : outcome.kind,
    );
    assert.equal(new Set(tokens).size, 1, `answers differ: ${tokens.join(', ')}`);
  });

  it('of a release and renewals leaves the key free', async probe => {
    for (let round = 0; round < 5; round++) {
      const grant = await probe.grant(probe.key(`ended-${round}`));
      const renewals = [1, 2, 3].map(() => probe.renew(grant));
      await Promise.all([...renewals, probe.assertReleased(grant), probe.renew(grant), probe.renew(grant)]);
      await probe.assertFree(grant.key, 'a renewal beside a release does not bring the lease back');
    }
  });

  it('of releases of one lease does not free the next', async probe => {
    const grant = await probe.grant(probe.key());
    const [, , next] = await Promise.all([
      probe.release(grant),
      probe.release(grant),
      probe.acquire(grant.key),
      probe.release(grant),
    ]);
    if (next.kind === 'granted')
      await probe.assertUnavailable(grant.key, 'the key belongs to the next holder');
    else await probe.assertFree(grant.key, 'the key was released');
  });
});
