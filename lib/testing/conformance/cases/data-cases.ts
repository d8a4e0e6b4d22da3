import assert from 'node:assert/strict';
import type { LeaseData } from '../../../core/lease-store.js';
import { defineCases } from '../define-cases.js';
import { assertAttributes, assertData, CALL } from '../probe.js';
import type { Probe } from '../probe.js';

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, n) => n);

/** Written at acquire, renew and release, it reads the same for its writer, for onlookers and for the next holder. */
async function assertRoundTrips(probe: Probe, values: readonly LeaseData[]): Promise<void> {
  for (const [n, data] of values.entries()) {
    const key = probe.key(`value-${n}`);
    const grant = await probe.grant(key, { data });
    assertData(grant.data, data);
    assertData((await probe.inspect(key))?.data, data);
    await probe.assertRenewed(grant, { data: 'other' });
    await probe.assertRenewed(grant, { data });
    assertData((await probe.inspect(key))?.data, data);
    await probe.assertReleased(grant, { data });
    const next = await probe.grant(key);
    assertData(next.data, data);
  }
}

/** What the port says of: data. */
export const dataCases = defineCases('data', it => {
  it('may be text', probe =>
    assertRoundTrips(probe, [
      'text',
      'Ünïcödé 🔒',
      '123',
      '{"json":true}',
      'null',
      'a\0b',
      ' spaces ',
      'line\r\nline',
    ]));

  it('may be bytes', probe =>
    assertRoundTrips(probe, [
      EVERY_BYTE,
      Uint8Array.of(0),
      Uint8Array.of(0xff, 0xfe, 0xc0),
      Buffer.from('text'),
      EVERY_BYTE.subarray(100, 110),
    ]));

  it('may be empty, as text and as bytes', probe => assertRoundTrips(probe, ['', new Uint8Array(0)]));

  it('may be 100 kB', probe =>
    assertRoundTrips(probe, ['x'.repeat(100_000), Uint8Array.from({ length: 100_000 }, (_, n) => n * 31)]));

  it('is absent until it is written', async probe => {
    const grant = await probe.grant(probe.key());
    assert.equal(grant.data, undefined);
  });

  it('is handed over through release', async probe => {
    const first = await probe.grant(probe.key(), { data: 'checkpoint 7' });
    await probe.assertReleased(first);
    assertData((await probe.grant(first.key)).data, 'checkpoint 7');
  });

  it('is handed over through expiry, with all renewals have written', async probe => {
    const key = probe.key();
    const first = await probe.grant(key, { data: 'checkpoint 7', ttlMs: 2 * probe.unitMs });
    await probe.assertRenewed(first, { data: 'checkpoint 8' });
    assertData((await probe.takeOver(key, first.ttlMs)).data, 'checkpoint 8');
  });

  it('stays when a renewal or release writes none', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'kept' });
    await probe.assertRenewed(grant, { sequence: 1 });
    assertData((await probe.inspect(grant.key))?.data, 'kept');
    await probe.assertReleased(grant);
    assertData((await probe.inspect(grant.key))?.data, 'kept');
  });

  it('is replaced at acquire, and the grant shows what replaced it', async probe => {
    const first = await probe.grant(probe.key(), { data: 'old' });
    await probe.assertReleased(first);
    const second = await probe.grant(first.key, { data: Uint8Array.of(1, 2) });
    assertData(second.data, Uint8Array.of(1, 2));
    assertData((await probe.inspect(first.key))?.data, Uint8Array.of(1, 2));
  });

  it('is not replaced by an acquire that is refused', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'mine' });
    await probe.acquire(grant.key, { data: 'theirs' });
    await probe.acquire(grant.key, { data: null });
    await probe.assertHeldBy(grant, { data: 'mine' });
  });

  it('is deleted by null at acquire', async probe => {
    const first = await probe.grant(probe.key(), { data: 'old' });
    await probe.assertReleased(first);
    const second = await probe.grant(first.key, { data: null });
    assertData(second.data, undefined);
    await probe.assertHeldBy(second, { data: undefined });
  });

  it('is deleted by null at renew, and attributes stay', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'old', attributes: { shard: 1 } });
    await probe.assertRenewed(grant, { data: null });
    await probe.assertHeldBy(grant, { data: undefined, attributes: { shard: 1 } });
  });

  it('is deleted by null at release, and nothing is left', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'old' });
    await probe.assertReleased(grant, { data: null });
    assert.equal(await probe.inspect(grant.key), null);
  });

  it('ends after dataTtlMs, and the lease goes on', 'server-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'short-lived', dataTtlMs: 2 * probe.unitMs });
    assertData(grant.data, 'short-lived');
    await probe.past(2 * probe.unitMs);
    await probe.assertHeldBy(grant, { data: undefined });
    await probe.assertRenewed(grant);
  });

  it('outlives the lease until dataTtlMs is over', 'server-expiry', async probe => {
    const key = probe.key();
    const first = await probe.grant(key, { ttlMs: probe.unitMs, data: 'x', dataTtlMs: 4 * probe.unitMs });
    const second = await probe.takeOver(key, first.ttlMs);
    assertData(second.data, 'x');
    await probe.past(3 * probe.unitMs);
    assertData((await probe.inspect(key))?.data, undefined);
  });

  it('written again without dataTtlMs does not end', 'server-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'x', dataTtlMs: probe.unitMs });
    await probe.assertRenewed(grant, { data: 'y' });
    await probe.past(probe.unitMs);
    await probe.assertHeldBy(grant, { data: 'y' });
  });

  it('counts dataTtlMs from the last write', 'server-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'x', dataTtlMs: 50 });
    await probe.assertRenewed(grant, { data: 'y', dataTtlMs: 10 * probe.unitMs });
    await probe.past(60);
    await probe.assertHeldBy(grant, { data: 'y' });
  });

  it('does not go back: an older write is ignored, while its renewal counts', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'at 0', attributes: { at: 0 } });
    const writes = (at: number) => ({ data: `at ${at}`, attributes: { at }, sequence: at });
    await probe.assertRenewed(grant, writes(2));
    await probe.assertRenewed(grant, writes(1));
    await probe.assertHeldBy(grant, { data: 'at 2', attributes: { at: 2 } });
    await probe.assertRenewed(grant, { ...writes(1), data: null });
    await probe.assertHeldBy(grant, { data: 'at 2', attributes: { at: 2 } });
    await probe.assertRenewed(grant, writes(3));
    await probe.assertHeldBy(grant, { data: 'at 3', attributes: { at: 3 } });
    await probe.assertReleased(grant, writes(2));
    assertData((await probe.inspect(grant.key))?.data, 'at 3');
  });

  it('has a sequence of writes for each owner', async probe => {
    const first = await probe.grant(probe.key());
    await probe.assertRenewed(first, { data: 'first', sequence: 9 });
    await probe.assertReleased(first);
    const second = await probe.grant(first.key, { data: 'second' });
    assertData(second.data, 'second');
    await probe.assertRenewed(second, { data: 'second again', sequence: 1 });
    await probe.assertHeldBy(second, { data: 'second again' });
  });

  it('is what it was when written, whatever becomes of the bytes in memory', async probe => {
    const bytes = Uint8Array.of(1, 2, 3);
    const grant = await probe.grant(probe.key(), { data: bytes });
    bytes.fill(9);
    (grant.data as Uint8Array).fill(8);
    assertData((await probe.inspect(grant.key))?.data, Uint8Array.of(1, 2, 3));
    const again = await probe.store.inspect(grant.key, CALL);
    (again!.data as Uint8Array).fill(7);
    assertData((await probe.inspect(grant.key))?.data, Uint8Array.of(1, 2, 3));
  });

  it('belongs to one key: another shows nothing of it', async probe => {
    await probe.grant(probe.key('one'), { data: 'one', attributes: { n: 1 } });
    const two = await probe.grant(probe.key('two'));
    assertData(two.data, undefined);
    assertAttributes(two.attributes, {});
  });
});
