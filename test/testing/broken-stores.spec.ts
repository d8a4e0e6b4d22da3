import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../../lib/core/ports.js';
import { leaseStoreConformance, VirtualClock } from '../../lib/testing/index.js';
import * as broken from './broken-stores.js';
import * as pools from './broken-pools.js';

/** Names of the cases that fail on a store, in order. */
async function failuresOf(Store: new (clock: Clock) => broken.BrokenStore): Promise<string[]> {
  const clock = new VirtualClock();
  const store = new Store(clock);
  const harness = {
    open: async () => store,
    reopen: async () => store,
    elapse: (ms: number) => clock.advance(ms),
    ttlMs: 1000,
    findsSlots: store.findsSlots,
    corrupt: async (key: string) => store.corrupt(key),
  };
  const failures: string[] = [];
  for (const { name, run } of leaseStoreConformance(harness)) await run().catch(() => failures.push(name));
  return failures;
}

const CAUGHT: { fault: string; Store: new (clock: Clock) => broken.BrokenStore; failures: string[] }[] = [
  {
    fault: 'releases without asking whose lease it is',
    Store: broken.ReleasesAnybodysLease,
    failures: [
      'release: is idempotent, and powerless over the next holder',
      'release: refuses a stranger, with and without the right token',
      'release: refuses the owner with another token',
      'release: does nothing for a stale owner after take-over',
      'revoke: by force leaves the former holder powerless',
    ],
  },
  {
    fault: 'revives an ended lease on renew',
    Store: broken.RenewRevives,
    failures: [
      'renew: refuses the owner with another token, and writes nothing',
      'renew: refuses another owner with the right token, and writes nothing',
      'renew: does not arm the TTL for whom it refuses',
      'renew: creates nothing under a free key',
      'renew: does nothing when it lands after the release',
      'renew: does nothing for a stale owner after take-over',
      'renew: does not shorten the lease of whoever took over',
      'renew: does not revive a lease that has expired, though nobody took it',
      'renew: renews many, one promise each, whatever becomes of the others',
      'release: keeps the key unavailable to everybody for keepForMs',
      'revoke: refuses further renewals, and grants the key to nobody before the lease has ended',
      'revoke: is not undone by an owner that asks again',
      'revoke: can be repeated',
      'revoke: by force leaves the former holder powerless',
      'race: of a release and renewals leaves the key free',
    ],
  },
  {
    fault: 'starts its tokens anew after a release',
    Store: broken.TokensRestart,
    failures: [
      'acquire: with mustExist grants a key beside which something is kept',
      'release: keeps the key unavailable to everybody for keepForMs',
      'token: grows across release',
      'token: grows across reopening',
      'token: grows with each of 100 acquisitions in a row',
      'token: grows for an owner that acquires, releases and acquires again',
      'revoke: leaves another grant of the key alone',
      'race: of 16 for a key that is just released grants at most one, with a greater token',
      'manager: hands out a slot that was released, with what was kept beside it',
    ],
  },
  {
    fault: 'tells its own owner that the key is held',
    Store: broken.RefusesItsOwnOwner,
    failures: [
      'acquire: with mustExist says of a held key that it is held, and grants it to its owner again',
      'acquire: grants again to the owner that holds the key, with the same token',
      'acquire: arms the TTL anew when its owner asks again',
      'acquire: writes data, attributes and holder once, however often its owner asks',
      'acquire: does not undo a later write of its owner when asked again',
      'acquire: answers the sentAt of an attempt from which the whole TTL counts',
      'acquire: takes a late first attempt of an owner that was granted since for no news',
      'ttl: never moves back: an owner that asks again for less does not shorten its lease',
    ],
  },
  {
    fault: 'folds case and Unicode forms of keys',
    Store: broken.FoldsKeys,
    failures: [
      'key: differs by case',
      'key: is not normalised: composed and decomposed letters differ',
      'list: finds the keys that start with the prefix, and no others',
      'list: takes special characters in the prefix for themselves',
    ],
  },
  {
    fault: 'lets a later, shorter renewal move the expiry back',
    Store: broken.ExpiryMovesBack,
    failures: [
      'release: keeps longer than the lease had left, where keepForMs says so',
      'ttl: never moves back: a shorter renewal does not shorten the lease',
      'ttl: never moves back: an owner that asks again for less does not shorten its lease',
    ],
  },
  {
    fault: 'looks first and grants later',
    Store: broken.GrantsWithoutAtomicity,
    failures: [
      'race: of 16 for a free key grants exactly one',
      'race: of 16 for an expired key grants exactly one',
      'race: of 16 on two handles grants exactly one',
      'race: of 16 for a key that is just released grants at most one, with a greater token',
    ],
  },
  {
    fault: 'answers the sentAt of a retry that armed nothing',
    Store: broken.StampsTheRetry,
    failures: [
      'acquire: arms the TTL anew when its owner asks again',
      'acquire: answers the sentAt of an attempt from which the whole TTL counts',
    ],
  },
  {
    fault: 'gives no hint on release',
    Store: broken.SilentOnRelease,
    failures: [
      'hint: comes on release',
      'hint: comes on each release, not only the first',
      'hint: comes on forced revoke',
      'hint: comes to all who subscribed',
      'hint: comes to one who stays subscribed after another has left',
      'hint: comes to another handle',
      'hint: comes for keys with special characters',
    ],
  },
  {
    fault: 'applies a delayed write over a newer one',
    Store: broken.AppliesOldWrites,
    failures: ['data: does not go back: an older write is ignored, while its renewal counts'],
  },
  {
    fault: 'takes a corrupt record for a free key',
    Store: broken.TakesGarbageForFree,
    failures: [
      'corrupt: fails an acquire, and is not granted',
      'corrupt: fails a renewal',
      'corrupt: fails a release',
      'corrupt: fails one renewal of many, and no other',
    ],
  },
];

const CAUGHT_WITH_POOLS: typeof CAUGHT = [
  {
    fault: 'takes a free slot though its owner has one',
    Store: pools.TakesTheFirstFree,
    failures: [
      'pool: grants its owner the same slot again, though others are free and come first',
      'pool: gives one owner who asks many times at once one slot',
      'pool: passes over a corrupt slot while another is free',
    ],
  },
  {
    fault: 'does not begin its search where it is told to',
    Store: pools.BeginsAnywhere,
    failures: [
      'pool: begins at firstSlot, goes on in order, and after the last slot with the first',
      'slot: is a lease like any other, under its own key',
    ],
  },
  {
    fault: 'finds a slot first and takes it later',
    Store: pools.LooksFirst,
    failures: [
      'pool: gives each of many who ask at once a slot of his own, and never more than there are',
      'pool: gives one owner who asks many times at once one slot',
      'pool: passes over a corrupt slot while another is free',
    ],
  },
  {
    fault: 'tells nobody of a slot',
    Store: pools.TellsOfNoSlot,
    failures: [
      'slot: is told of, when it is freed, to who waits for any slot of its pool',
      'slot: is told of to who waits for it alone',
    ],
  },
  {
    fault: 'releases one slot, and not that of its owner',
    Store: pools.ReleasesTheFirst,
    failures: [
      'slot: is released for its owner who does not know which it is, and no other',
      'slot: is told of, when it is freed, to who waits for any slot of its pool',
    ],
  },
];

describe('the conformance suite catches, by name, a store that', () => {
  it('is sound: it catches nothing', async () => {
    expect(await failuresOf(broken.SoundStore)).toEqual([]);
    expect(await failuresOf(pools.SoundPools)).toEqual([]);
  });

  it.each(CAUGHT_WITH_POOLS)('$fault', async ({ Store, failures }) => {
    expect(await failuresOf(Store)).toEqual(failures);
  });

  it.each(CAUGHT)('$fault', async ({ Store, failures }) => {
    expect(await failuresOf(Store)).toEqual(failures);
  });
});
