import assert from 'node:assert/strict';
import { defineCases } from '../define-cases.js';
import { assertAttributes, assertData, CALL } from '../probe.js';
import type { Probe } from '../probe.js';

async function listedKeys(probe: Probe, prefix: string): Promise<string[]> {
  return (await probe.list(prefix)).map(({ key }) => key.slice(probe.prefix.length)).sort();
}

/** What the port says of: list. */
export const listCases = defineCases('list', it => {
  it('finds nothing where nothing starts with the prefix', async probe => {
    await probe.grant(probe.key('a'));
    assert.deepEqual(await probe.list(probe.key('b')), []);
  });

  it('finds the keys that start with the prefix, and no others', async probe => {
    for (const suffix of ['order', 'order:1', 'order:2', 'orders', 'other', 'Order:3', 'my-order:1'])
      await probe.grant(probe.key(suffix));
    assert.deepEqual(await listedKeys(probe, probe.key('order:')), ['order:1', 'order:2']);
    assert.deepEqual(await listedKeys(probe, probe.key('order')), ['order', 'order:1', 'order:2', 'orders']);
  });

  it('finds each of 300 keys once', async probe => {
    const keys = Array.from({ length: 300 }, (_, n) => probe.key(`page-${n}`));
    await Promise.all(keys.map(key => probe.grant(key, { ttlMs: 100 * probe.unitMs })));
    const listed = (await probe.list(probe.key('page-'))).map(({ key }) => key);
    assert.deepEqual(listed.sort(), keys.sort());
  });

  it('takes special characters in the prefix for themselves', async probe => {
    const prefixes = ['*', '?', '[ab]', 'a*b', 'a\\', '{x}', '%41', '^', 'é', '🔒'];
    for (const prefix of prefixes) await probe.grant(probe.key(`${prefix}-key`));
    for (const decoy of ['a-key', 'b-key', 'x-key', 'axb-key', 'A-key', 'e\u0301-key'])
      await probe.grant(probe.key(decoy));
    for (const prefix of prefixes)
      assert.deepEqual(await listedKeys(probe, probe.key(prefix)), [`${prefix}-key`]);
  });

  it('tells what inspect tells', async probe => {
    const holder = { host: 'host-1', pid: 17, since: '2026-01-01T00:00:00.000Z' };
    const grant = await probe.grant(probe.key(), { data: 'x', attributes: { n: 1 }, holder });
    const [record] = await probe.list(grant.key);
    assert.equal(record?.key, grant.key);
    assert.equal(record.isHeld, true);
    assert.equal(record.owner, grant.owner);
    assert.equal(record.fencingToken, grant.fencingToken);
    assert.deepEqual({ ...record.holder }, holder);
    assertData(record.data, 'x');
    assertAttributes(record.attributes, { n: 1 });
  });

  it('finds free keys with something kept, and none without', async probe => {
    const [kept, bare] = [
      await probe.grant(probe.key('kept'), { data: 'x' }),
      await probe.grant(probe.key('bare')),
    ];
    await probe.assertReleased(kept);
    await probe.assertReleased(bare);
    const records = await probe.list(probe.prefix);
    assert.deepEqual(
      records.map(({ key, isHeld }) => ({ key, isHeld })),
      [{ key: kept.key, isHeld: false }],
    );
    assertData(records[0]!.data, 'x');
  });

  it('finds no lease that has expired', 'server-expiry', async probe => {
    await probe.grant(probe.key('dead'), { ttlMs: probe.unitMs });
    await probe.grant(probe.key('alive'));
    await probe.past(probe.unitMs);
    assert.deepEqual(await listedKeys(probe, probe.prefix), ['alive']);
  });

  it('may be left early', async probe => {
    for (let n = 0; n < 20; n++) await probe.grant(probe.key(`early-${n}`));
    for await (const record of probe.store.list(probe.prefix, CALL)) {
      assert.ok(record.key.startsWith(probe.prefix));
      break;
    }
    await probe.assertUnavailable(probe.key('early-0'), 'the store works on');
  });

  it('finds each key once while others acquire and release', async probe => {
    const steady = Array.from({ length: 30 }, (_, n) => probe.key(`steady-${n}`));
    for (const key of steady) await probe.grant(key);
    const listed: string[] = [];
    for await (const { key } of probe.store.list(probe.prefix, CALL)) {
      listed.push(key);
      const passing = await probe.grant(probe.key(`passing-${listed.length}`));
      if (listed.length > 1) await probe.assertReleased(passing);
      assert.ok(listed.length < 200, 'the listing does not end');
    }
    assert.equal(new Set(listed).size, listed.length, 'a key was listed twice');
    for (const key of steady) assert.ok(listed.includes(key), `${key} was not listed`);
  });
});
