import type { Mutant } from './mutants.js';

const MEMORY_ROW = 'lib/stores/memory/lease-row.ts';
const REDIS = 'lib/stores/redis/scripts.generated.ts';
const DYNAMODB = 'lib/stores/dynamodb/commands.ts';

/** Mistakes in what the stores keep. */
export const storeMutants: readonly Mutant[] = [
  {
    name: 'memory-release-unconditional',
    mistake: 'a release frees the key, whoever holds it (14)',
    file: MEMORY_ROW,
    find: '    if (!isTheirs) return false;\n',
    replace: '    void isTheirs;\n',
  },
  {
    name: 'memory-expiry-moves-back',
    mistake: 'a late renewal shortens the lease',
    file: MEMORY_ROW,
    find: 'this.expiresAtMs = Math.max(this.expiresAtMs, nowMs + ttlMs);',
    replace: 'this.expiresAtMs = nowMs + ttlMs;',
  },
  {
    name: 'memory-token-constant',
    mistake: 'the fencing token does not grow with each grant',
    file: 'lib/stores/memory/memory-store.ts',
    find: 'this.lastToken = Math.max(this.lastToken + 1, Math.floor(this.clock.wallMs() * 1000));',
    replace: 'this.lastToken = 1 + Math.floor(this.clock.wallMs() / 60_000);',
  },
  {
    name: 'memory-old-data-wins',
    mistake: 'a delayed write of data replaces a newer one (22)',
    file: MEMORY_ROW,
    find: '      if (sequence <= this.appliedSequence) return;\n',
    replace: '',
  },
  {
    name: 'memory-data-lost',
    mistake: 'data does not outlive its holder (22)',
    file: MEMORY_ROW,
    find: "    this.state = 'free';\n    this.owner = '';",
    replace: "    this.state = 'free';\n    this.storedData = undefined;\n    this.owner = '';",
  },
  {
    name: 'memory-revoke-ignored',
    mistake: 'what is revoked is renewed on',
    file: MEMORY_ROW,
    find: "    if (this.state === 'held') this.state = 'revoked';",
    replace: '',
  },
  {
    name: 'redis-grants-over-holder',
    mistake: 'the acquire script grants a key that is held, as if to the owner that holds it',
    file: REDIS,
    find: "    if lease.owner ~= ARGV[a + 1] or lease.state ~= 'held' then\n      return { 'held'",
    replace: "    if lease.state ~= 'held' then\n      return { 'held'",
  },
  {
    name: 'redis-release-unconditional',
    mistake: 'a release frees the key, whoever holds it (14)',
    file: REDIS,
    find: "if lease.state == 'kept' or lease.owner ~= owner or (token ~= '' and lease.token ~= token) then",
    replace: 'if false then',
  },
  {
    name: 'redis-expiry-moves-back',
    mistake: 'a late renewal shortens the lease',
    file: REDIS,
    find: "  local leftMs = redis.call('PTTL', KEYS[k + 1])\n  if leftMs < ttlMs then",
    replace: "  local leftMs = redis.call('PTTL', KEYS[k + 1])\n  if true then",
  },
  {
    name: 'redis-no-expiry',
    mistake: 'a lease of a dead holder never ends',
    file: REDIS,
    find: "if not redis.call('SET', leaseKey, lease, 'PX', ttl, 'NX') then",
    replace: "if not redis.call('SET', leaseKey, lease, 'PX', 864000000, 'NX') then",
  },
  {
    name: 'redis-token-lost-with-the-data',
    mistake: 'the fencing token is a counter that starts anew when the server has lost its data (6)',
    file: REDIS,
    find: 'return math.max(lastToken + 1, nowMicros())',
    replace: 'return lastToken + 1',
  },
  {
    name: 'redis-no-restart-guard',
    mistake: 'a server that was restarted and has forgotten its leases grants at once (6)',
    file: REDIS,
    find: '  if waitMs > 0 then',
    replace: '  if false then',
  },
  {
    name: 'redis-old-data-wins',
    mistake: 'a delayed write of data replaces a newer one (22)',
    file: REDIS,
    find: "local isNewer = sequence == '' or tonumber(sequence) > tonumber(lease.sequence)",
    replace: 'local isNewer = true',
  },
  {
    name: 'dynamodb-observation-not-restarted',
    mistake: 'a record is taken over though it has changed while it was watched',
    file: 'lib/stores/dynamodb/observations.ts',
    find: 'before?.version === version ? before :',
    replace: 'before !== undefined ? { ...before, version } :',
  },
  {
    name: 'dynamodb-hint-trusted',
    mistake: 'a key is taken over on the strength of the time in its row',
    file: 'lib/stores/dynamodb/dynamodb-lease-store.ts',
    find: '    return seen.freeInMs === 0 ? this.take(request, row.version, call) : this.held(row, seen);',
    replace:
      "    const isOver = row.ours?.state === 'held' && row.ours.sentAt + row.leaseMs < this.parts.clock.monotonicMs();\n    return seen.freeInMs === 0 || isOver ? this.take(request, row.version, call) : this.held(row, seen);",
  },
  {
    name: 'dynamodb-take-over-unconditional',
    mistake: 'a key is taken over whatever its row has become meanwhile',
    file: DYNAMODB,
    find: "parts.push(`${draft.name('recordVersionNumber')} = ${draft.value('observed', { S: observed })}`);",
    replace: "parts.push(`attribute_exists(${draft.name('recordVersionNumber')})`);",
  },
  {
    name: 'dynamodb-acquire-unconditional',
    mistake: 'the first write to a key does not look whether it is held',
    file: DYNAMODB,
    find: 'const parts = [`(${isThere}${isBare})`,',
    replace:
      "const parts = [`(${isThere}${isBare})`, `attribute_exists(${draft.name('recordVersionNumber')})`,",
  },
  {
    name: 'dynamodb-stays-released',
    mistake: 'a grant leaves the mark of the release in the row, as in awslabs #114',
    file: DYNAMODB,
    find: ".remove('isReleased');",
    replace: ';',
  },
  {
    name: 'dynamodb-renewal-resurrects',
    mistake: 'a renewal that arrives after the release takes the key again (8, 20)',
    file: DYNAMODB,
    find: '      .write(request);\n    return this.update(key, draft, ownRow(draft, { owner, newerThan: sequence }, fencingToken));',
    replace:
      "      .remove('isReleased')\n      .write(request);\n    void sequence, fencingToken;\n    return this.update(key, draft, `begins_with(${draft.name('recordVersionNumber')}, ${draft.value('own', { S: versionsOf(owner) })})`);",
  },
  {
    name: 'dynamodb-late-renewal-undoes',
    mistake: 'a delayed renewal replaces a newer one',
    file: DYNAMODB,
    find: 'ownRow(draft, { owner, newerThan: sequence }, fencingToken)',
    replace: 'ownRow(draft, { owner, newerThan: 0 * sequence + 9e15 }, fencingToken)',
  },
  {
    name: 'dynamodb-token-from-clock',
    mistake: 'the fencing token is the time of whoever acquires',
    file: DYNAMODB,
    find: "draft.setTo('fencingToken', `${seeded} + ${draft.value('one', { N: '1' })}`)",
    replace: "void seeded;\n    draft.set('fencingToken', { N: String(seed) })",
  },
  {
    name: 'dynamodb-release-unconditional',
    mistake: 'a release frees the row, whoever holds it (14)',
    file: DYNAMODB,
    find: '    return this.update(request.key, draft, ownRow(draft, match, request.fencingToken));',
    replace:
      "    void match;\n    return this.update(request.key, draft, `attribute_exists(${draft.name('recordVersionNumber')})`);",
  },
];
