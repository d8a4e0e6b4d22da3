import assert from 'node:assert/strict';
import type { LeaseAttributes } from '../../../core/lease-store.js';
import { defineCases } from '../define-cases.js';
import { assertAttributes } from '../probe.js';
import type { Probe } from '../probe.js';

async function assertRoundTrips(probe: Probe, attributes: LeaseAttributes): Promise<void> {
  const grant = await probe.grant(probe.key(), { attributes });
  assertAttributes(grant.attributes, attributes);
  assertAttributes((await probe.inspect(grant.key))?.attributes, attributes);
  await probe.assertReleased(grant);
  assertAttributes((await probe.grant(grant.key)).attributes, attributes);
}

/** What the port says of: attributes. */
export const attributesCases = defineCases('attributes', it => {
  it('may be text, each as written', probe =>
    assertRoundTrips(probe, {
      text: 'shard-1',
      empty: '',
      digits: '12',
      no: 'false',
      nothing: 'null',
      wide: 'ä🔒',
      json: '{"a":1}',
    }));

  it('may be numbers, exact to the last digit', probe =>
    assertRoundTrips(probe, {
      zero: 0,
      negative: -17,
      fraction: 0.1,
      third: 1 / 3,
      large: Number.MAX_SAFE_INTEGER,
      micros: 1_763_000_000_123_456,
      huge: 1.234567890123456e100,
      tiny: 1.234567890123456e-100,
    }));

  it('may be booleans', probe => assertRoundTrips(probe, { yes: true, no: false }));

  it('may have any name that the store does not reserve', async probe => {
    const names = [
      'with space',
      'a.b',
      'a:b',
      '$x',
      '#y',
      'ключ',
      '0',
      'constructor',
      'toString',
      'owner',
      '__proto__',
    ];
    const reserved = probe.store.reservedAttributes ?? [];
    const free = names.filter(name => !reserved.includes(name));
    await assertRoundTrips(probe, Object.fromEntries(free.map((name, n) => [name, n])));
  });

  it('are merged at acquire', async probe => {
    const first = await probe.grant(probe.key(), { attributes: { a: 1, b: 'x' } });
    await probe.assertReleased(first);
    const second = await probe.grant(first.key, { attributes: { b: true, c: 3 } });
    assertAttributes(second.attributes, { a: 1, b: true, c: 3 });
    await probe.assertHeldBy(second, { attributes: { a: 1, b: true, c: 3 } });
  });

  it('are merged at renew and at release', async probe => {
    const grant = await probe.grant(probe.key(), { attributes: { a: 1 } });
    await probe.assertRenewed(grant, { attributes: { b: 2 } });
    await probe.assertReleased(grant, { attributes: { a: 'x', c: false } });
    assertAttributes((await probe.grant(grant.key)).attributes, { a: 'x', b: 2, c: false });
  });

  it('stay through expiry', async probe => {
    const key = probe.key();
    const first = await probe.grant(key, { ttlMs: probe.unitMs, attributes: { shard: 3 } });
    assertAttributes((await probe.takeOver(key, first.ttlMs)).attributes, { shard: 3 });
  });

  it('stay when nothing is written, and when an empty set is merged', async probe => {
    const grant = await probe.grant(probe.key(), { attributes: { shard: 3 } });
    await probe.assertRenewed(grant);
    await probe.assertRenewed(grant, { attributes: {} });
    await probe.assertHeldBy(grant, { attributes: { shard: 3 } });
  });

  it('do not end with the data', 'server-expiry', async probe => {
    const grant = await probe.grant(probe.key(), { data: 'x', dataTtlMs: 50, attributes: { shard: 3 } });
    await probe.past(50);
    await probe.assertHeldBy(grant, { data: undefined, attributes: { shard: 3 } });
  });

  it('are what they were when written, whatever becomes of the object in memory', async probe => {
    const attributes: Record<string, number> = { shard: 3 };
    const grant = await probe.grant(probe.key(), { attributes });
    attributes['shard'] = 4;
    assertAttributes((await probe.inspect(grant.key))?.attributes, { shard: 3 });
    assert.notEqual(grant.attributes, attributes);
  });
});
