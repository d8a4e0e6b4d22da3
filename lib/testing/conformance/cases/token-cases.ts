import assert from 'node:assert/strict';
import { defineCases } from '../define-cases.js';
import type { Grant } from '../probe.js';

/** 2020 and 2150 in µs since the epoch. */
const [EARLIEST, LATEST] = [1.577e15, 5.68e15];

function assertGrew(before: Grant, after: Grant): void {
  assert.ok(
    after.fencingToken > before.fencingToken,
    `token ${after.fencingToken} was granted after ${before.fencingToken}`,
  );
}

/** What the port says of: token. */
export const tokenCases = defineCases('token', it => {
  it('is a safe integer on a µs scale', async probe => {
    const { fencingToken } = await probe.grant(probe.key());
    assert.ok(Number.isSafeInteger(fencingToken), `${fencingToken} is not a safe integer`);
    assert.ok(fencingToken > EARLIEST && fencingToken < LATEST, `${fencingToken} is not the time in µs`);
  });

  it('grows across release', async probe => {
    const first = await probe.grant(probe.key());
    await probe.assertReleased(first);
    assertGrew(first, await probe.grant(first.key));
  });

  it('grows across expiry', async probe => {
    const key = probe.key();
    const first = await probe.grant(key, { ttlMs: probe.unitMs });
    assertGrew(first, await probe.takeOver(key, first.ttlMs));
  });

  it('grows across revoke', async probe => {
    const key = probe.key();
    const first = await probe.grant(key, { ttlMs: probe.unitMs });
    await probe.revoke(first);
    assertGrew(first, await probe.takeOver(key, first.ttlMs));
  });

  it('grows across forced revoke', async probe => {
    const first = await probe.grant(probe.key());
    await probe.revoke(first, true);
    assertGrew(first, await probe.grant(first.key));
  });

  it('grows across reopening', 'reopen', async probe => {
    const first = await probe.grant(probe.key());
    await probe.assertReleased(first);
    const other = await probe.another();
    const second = await probe.grant(first.key, {}, other);
    assertGrew(first, second);
    await probe.assertReleased(second);
    assertGrew(second, await probe.grant(first.key));
  });

  it('grows with each of 100 acquisitions in a row', async probe => {
    const key = probe.key();
    let last = await probe.grant(key);
    for (let i = 0; i < 100; i++) {
      await probe.assertReleased(last);
      const next = await probe.grant(key);
      assertGrew(last, next);
      last = next;
    }
  });

  it('grows for an owner that acquires, releases and acquires again', async probe => {
    const owner = probe.owner();
    const first = await probe.grant(probe.key(), { owner });
    await probe.assertReleased(first);
    assertGrew(first, await probe.grant(first.key, { owner }));
  });

  it('stays the same through renewals', async probe => {
    const grant = await probe.grant(probe.key());
    for (let i = 0; i < 3; i++) await probe.assertRenewed(grant);
    assert.equal((await probe.inspect(grant.key))?.fencingToken, grant.fencingToken);
  });
});
