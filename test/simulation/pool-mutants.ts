import type { Mutant } from './mutants.js';

const REDIS = 'lib/stores/redis/scripts.generated.ts';
const SEARCH = 'lib/engine/pools/slot-search.ts';

/** Mistakes in what concerns more than one key: pools, balances and sets. */
export const poolMutants: readonly Mutant[] = [
  {
    name: 'slot-disowned-as-key',
    mistake: 'who has left a pool releases the key of the pool, not whichever slot he was granted',
    file: 'lib/engine/contender.ts',
    find: 'releaser.releaseInBackground({ key, slots, owner: this.owner, fencingToken }, patience);',
    replace: 'void slots, releaser.releaseInBackground({ key, owner: this.owner, fencingToken }, patience);',
  },
  {
    name: 'search-leaves-doubt',
    mistake: 'a search looks at the next slot while it does not know whether it was granted the one before',
    file: SEARCH,
    find: "    if (obstacle.kind !== 'held') return this.events.blocked(obstacle, retryInMs);",
    replace:
      "    if (obstacle.kind !== 'held') obstacle = { kind: 'held', ...(retryInMs < 0 && { owner: '' }) };",
  },
  {
    name: 'search-asks-on',
    mistake: 'a search that looks at the next slot still asks for the one before',
    file: SEARCH,
    find: '    this.ground.book.sawHeld(slot, obstacle);\n    contender.abandon();',
    replace: '    this.ground.book.sawHeld(slot, obstacle);\n    void contender;',
  },
  {
    name: 'search-trusts-its-book',
    mistake: 'a slot that was seen held is not looked at again before its holder must be over',
    file: 'lib/engine/pools/slot-book.ts',
    find: "  return isStale(entry) ? 'stale' : null;",
    replace: "  return isStale(entry) && entry.seenBy === 0 ? 'stale' : null;",
  },
  {
    name: 'pool-full-by-one',
    mistake: 'whoever holds one slot here is told that the pool is full',
    file: 'lib/engine/pools/pool-queue.ts',
    find: '    if (!this.isExhausted) return null;',
    replace: '    if (this.locals.size === 0) return null;',
  },
  {
    name: 'holder-as-left-over',
    mistake: 'a lease whose first attempt was not answered is released by who wants its key as a slot',
    file: 'lib/engine/contender.ts',
    find: '      this.grantedToken = fencingToken;\n',
    replace:
      '      this.grantedToken = fencingToken;\n      if (this.isInDoubt) this.services.abandoned.remember(this.owner, 2 * ttlMs);\n',
  },
  {
    name: 'redis-two-slots-for-one',
    mistake: 'who asks again, after a reply that was lost, is granted another slot',
    file: REDIS,
    find: 'if again then\n  return again\nend\n',
    replace: '',
  },
  {
    name: 'memory-two-slots-for-one',
    mistake: 'as above',
    file: 'lib/stores/memory/memory-store.ts',
    find: 'from(row => row?.isHeldBy(owner) === true) ?? from(',
    replace: 'from(',
  },
  {
    name: 'redis-releases-slots-of-others',
    mistake: 'who lets go of a slot that he may have been granted frees those of all',
    file: REDIS,
    find: "  local lease = text and string.find(text, mark, 1, true) and parseLease(text)\n  -- One that was revoked may be followed by another of the same owner.\n  if lease and lease.state ~= 'kept' and lease.owner == owner and (",
    replace: "  local lease = text and parseLease(text)\n  if lease and lease.state ~= 'kept' and (",
  },
  {
    name: 'set-keeps-its-first',
    mistake: 'the first key of a set is kept when the second is not to be had',
    file: 'lib/engine/acquire-all.ts',
    find: '    await set.giveBack();\n',
    replace: '',
  },
  {
    name: 'set-falls-one-by-one',
    mistake: 'when a lease of a set is lost, the others are held on',
    file: 'lib/engine/held-set.ts',
    find: '    for (const lease of this.own) lease.endFor(end);\n',
    replace: '',
  },
  {
    name: 'share-rounded-up',
    mistake: 'each of those that share a pool takes as many slots as the one with the most',
    file: 'lib/engine/pools/pool-balance.ts',
    find: '  return Math.floor(slots / size) + (rank < slots % size ? 1 : 0);',
    replace: '  return Math.ceil(slots / size) + 0 * rank;',
  },
  {
    name: 'share-never-grows',
    mistake: 'a slot that was lost is not sought again',
    file: 'lib/engine/pools/pool-balance.ts',
    find: '.finally(() => (this.seeking = null));',
    replace: ';',
  },
];
