import assert from 'node:assert/strict';
import { isDistributedLockError } from '../../../core/errors.js';
import { defineCases } from '../define-cases.js';
import type { Probe } from '../probe.js';
import { CALL } from '../probe.js';

async function corruptKey(probe: Probe): Promise<string> {
  const key = probe.key('corrupt');
  await probe.harness.corrupt!(key, probe.store);
  return key;
}

/** It must fail, as what is kept under the key cannot be read. */
export async function assertCorrupt(promise: Promise<unknown>, key: string): Promise<void> {
  await assert.rejects(promise, error => {
    assert.ok(
      isDistributedLockError(error, 'LOCK_CORRUPT_LEASE'),
      `expected a CorruptLeaseError, got ${String(error)}`,
    );
    assert.ok(error.message.includes(key), 'the message must name the key');
    return true;
  });
}

/** What the port says of: corrupt. */
export const corruptCases = defineCases('corrupt', it => {
  it('fails an acquire, and is not granted', 'corrupt', async probe => {
    const key = await corruptKey(probe);
    await assertCorrupt(probe.acquire(key), key);
    await assertCorrupt(probe.acquire(key), key);
  });

  it('fails a renewal', 'corrupt', async probe => {
    const key = await corruptKey(probe);
    await assertCorrupt(probe.store.renew(probe.strayRenewal(key), CALL), key);
  });

  it('fails a release', 'corrupt', async probe => {
    const key = await corruptKey(probe);
    await assertCorrupt(probe.store.release({ key, owner: probe.owner() }, CALL), key);
  });

  it('fails inspect', 'corrupt', async probe => {
    const key = await corruptKey(probe);
    await assertCorrupt(probe.inspect(key), key);
  });

  it('fails one renewal of many, and no other', 'corrupt', 'renewMany', async probe => {
    const key = await corruptKey(probe);
    const healthy = await probe.grant(probe.key('healthy'));
    const damaged = probe.strayRenewal(key);
    const [first, second] = probe.store.renewMany!([damaged, probe.renewRequest(healthy)], CALL);
    await assertCorrupt(first!, key);
    assert.equal((await second!).kind, 'renewed');
  });

  it('harms no other key', 'corrupt', async probe => {
    await corruptKey(probe);
    const grant = await probe.grant(probe.key('healthy'));
    await probe.assertRenewed(grant);
    await probe.assertReleased(grant);
  });
});
