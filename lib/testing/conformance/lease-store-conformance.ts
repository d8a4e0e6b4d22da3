import assert from 'node:assert/strict';
import { acquireCases } from './cases/acquire-cases.js';
import { attributesCases } from './cases/attributes-cases.js';
import { corruptCases } from './cases/corrupt-cases.js';
import { dataCases } from './cases/data-cases.js';
import { hintCases } from './cases/hint-cases.js';
import { inspectCases } from './cases/inspect-cases.js';
import { keyCases } from './cases/key-cases.js';
import { listCases } from './cases/list-cases.js';
import { managerCases } from './cases/manager-cases.js';
import { poolCases } from './cases/pool-cases.js';
import { raceCases } from './cases/race-cases.js';
import { releaseCases } from './cases/release-cases.js';
import { renewCases } from './cases/renew-cases.js';
import { revokeCases } from './cases/revoke-cases.js';
import { slotCases } from './cases/slot-cases.js';
import { tokenCases } from './cases/token-cases.js';
import { ttlCases } from './cases/ttl-cases.js';
import type { CaseDefinition } from './define-cases.js';
import { defineCases } from './define-cases.js';
import type { ConformanceCase, ConformanceHarness } from './harness.js';
import { offers } from './harness.js';
import { closeStore, Probe } from './probe.js';

const storeCases = defineCases('store', it => {
  it('says what it is', async ({ store, harness }) => {
    assert.ok(typeof store.name === 'string' && store.name !== '', 'name must not be empty');
    assert.equal(store.expiry, harness.expiry ?? 'server', 'expiry, as the harness declares it');
    assert.equal(
      store.findsSlots ?? false,
      harness.findsSlots ?? false,
      'findsSlots, as the harness declares it',
    );
    for (const part of ['whenFreed', 'renewMany'] as const)
      assert.equal(
        store[part] !== undefined,
        offers(harness, part),
        `has ${part}, as the harness declares it`,
      );
  });
});

const ALL: readonly CaseDefinition[] = [
  ...storeCases,
  ...acquireCases,
  ...renewCases,
  ...releaseCases,
  ...ttlCases,
  ...tokenCases,
  ...revokeCases,
  ...raceCases,
  ...keyCases,
  ...dataCases,
  ...attributesCases,
  ...inspectCases,
  ...listCases,
  ...hintCases,
  ...poolCases,
  ...slotCases,
  ...corruptCases,
  ...managerCases,
];

/**
 * Everything that the port demands of a store, as cases for any test runner. A store that passes them can be given to a
 * `SyncManager`. Cases that the harness cannot reach, such as corrupt records, are left out of the answer.
 *
 * @example
 * describe('my store', () => {
 *   for (const { name, run } of leaseStoreConformance(harness)) it(name, run);
 * });
 */
export function leaseStoreConformance(harness: ConformanceHarness): ConformanceCase[] {
  return ALL.filter(({ needs }) => needs.every(need => offers(harness, need))).map(
    ({ group, claim, check }) => ({
      group,
      name: `${group}: ${claim}`,
      run: async () => {
        const store = await harness.open();
        const probe = new Probe(harness, store);
        try {
          await check(probe);
        } finally {
          await probe.cleanUp();
          await closeStore(harness, store);
        }
      },
    }),
  );
}
