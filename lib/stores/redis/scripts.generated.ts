// Generated from scripts/*.lua by npm run build:scripts. Do not edit.

/** A script as Redis knows it. */
export interface RedisScript {
  readonly source: string;
  /** Number of KEYS of one lease. */
  readonly keys: number;
  readonly sha1: string;
}

const ANYTHING_KEPT = `local isAnythingKept = nil

-- Most leases have nothing beside them: asked once for all of them.
local function mayHaveKept()
  if isAnythingKept == nil then
    local names = {}
    for i = 3, #KEYS, 3 do
      names[#names + 1] = KEYS[i]
    end
    isAnythingKept = redis.call('EXISTS', unpack(names)) > 0
  end
  return isAnythingKept
end
`;

const CLOCK = `-- Whole numbers as text; tostring() would round them to 14 digits.
local function integer(number)
  return string.format('%.0f', number)
end

local startedUs = nil

-- The server's time in whole microseconds, the same throughout a script; below 2^53 for another two centuries.
local function nowMicros()
  if not startedUs then
    local time = redis.call('TIME')
    startedUs = tonumber(time[1]) * 1000000 + tonumber(time[2])
  end
  return startedUs
end
`;

const COUNTER = `-- How long the counter of a key must live, in ms: a day longer than the lease, and than the token is ahead of the clock.
local function counterLifeMs(token, nowUs, ttlMs)
  return integer(math.ceil(math.max(ttlMs, (token - nowUs) / 1000)) + 86400000)
end
`;

const EACH = `-- Each lease has \`keysEach\` keys, and as many arguments as every other. Calls \`one(k, a, last, seen)\` for each: its keys are those
-- after KEYS[k], its arguments those after ARGV[a] up to ARGV[last], and seen[k + 1] is what its first key holds, where that is a
-- string. One lease is answered as \`one\` does; of many, a failure is that of its lease alone, and {'failed', error} its reply.
local function each(keysEach, one)
  local seen = redis.call('MGET', unpack(KEYS))
  local count = #KEYS / keysEach
  if count == 1 then
    return one(0, 0, #ARGV, seen)
  end
  local argumentsEach = #ARGV / count
  local replies = {}
  local areWords = true
  for i = 0, count - 1 do
    local isDone, reply = pcall(one, i * keysEach, i * argumentsEach, (i + 1) * argumentsEach, seen)
    if not isDone then
      -- Before version 7 an error of Redis is text, after its place in the script, and as it goes over the wire.
      local text = type(reply) == 'table' and reply.err or tostring(reply)
      reply = { 'failed', string.match(text, '^@?user_script:%s*%d+:%s*%-?(.-)%s*$') or text }
    end
    areWords = areWords and type(reply) == 'string'
    replies[i + 1] = reply
  end
  -- Words are told in one text, one in a line, which is read at once.
  return areWords and table.concat(replies, '\\n') or replies
end
`;

const FREED = `-- Tells those who wait for a key. Slots of a pool, whose names go on after the hash tag, share the channel of their pool. Without the
-- right to publish, waiters poll; the key is free all the same.
local function tellFreed(leaseKey)
  local channel = string.sub(leaseKey, -7) == '}:lease' and leaseKey or string.gsub(leaseKey, '/%d+:lease$', ':lease')
  redis.pcall('PUBLISH', channel, 'freed')
end
`;

const GRANT = `-- The token that follows what the counter of a key holds; nothing where that is no safe integer.
local function nextToken(counter)
  local lastToken = not counter and 0 or string.match(counter, '^%d+$') and tonumber(counter)
  if not lastToken or lastToken >= 9007199254740991 then
    return nil
  end
  return math.max(lastToken + 1, nowMicros())
end

-- Writes a lease where there is none, and counts its token. Returns nothing, or why that cannot be: then nothing is written.
local function putLease(leaseKey, fenceKey, counter, number, ttl, lease)
  -- What is there, and was not seen, is no string.
  if not redis.call('SET', leaseKey, lease, 'PX', ttl, 'NX') then
    return 'the Redis key of its lease holds a value of another type'
  end
  local lifeMs = counterLifeMs(number, nowMicros(), tonumber(ttl))
  if not redis.call('SET', fenceKey, integer(number), 'PX', lifeMs, counter and 'XX' or 'NX') then
    redis.call('DEL', leaseKey)
    return 'the Redis key of its counter holds a value of another type'
  end
  return nil
end

-- What a lease that its owner asks for again has beside it; its TTL runs anew, and never ends sooner than before.
local function rearm(leaseKey, dataKey, leftMs, ttl)
  local kept = readKept(dataKey)
  if leftMs < tonumber(ttl) then
    redis.call('PEXPIRE', leaseKey, ttl)
  end
  return kept
end
`;

const KEPT = `-- What is kept beside a lease is a hash: \`data\`, \`kind\` (text, bytes), \`expires\` (ms of the server's clock), and one
-- field \`a:<name>\` per attribute.

-- The hash as a flat list, without data that has expired.
local function readKept(key)
  local fields = redis.call('HGETALL', key)
  local expires = nil
  for i = 1, #fields, 2 do
    if fields[i] == 'expires' then
      expires = tonumber(fields[i + 1]) or 0
    end
  end
  if not expires then
    return fields
  end
  local isExpired = expires <= math.floor(nowMicros() / 1000)
  local live = {}
  for i = 1, #fields, 2 do
    local name = fields[i]
    if string.sub(name, 1, 2) == 'a:' or (not isExpired and name ~= 'expires') then
      live[#live + 1] = name
      live[#live + 1] = fields[i + 1]
    end
  end
  return live
end

-- kind: 'keep', 'delete', 'text' or 'bytes'; attributes: names and values in turn, from ARGV[first] to ARGV[last].
local function writeKept(key, kind, data, dataTtlMs, first, last)
  if kind == 'keep' and last < first then
    return
  end
  if kind == 'delete' then
    redis.call('HDEL', key, 'data', 'kind', 'expires')
  elseif kind ~= 'keep' then
    redis.call('HSET', key, 'data', data, 'kind', kind)
    if dataTtlMs == '' then
      redis.call('HDEL', key, 'expires')
    else
      redis.call('HSET', key, 'expires', integer(math.floor(nowMicros() / 1000) + tonumber(dataTtlMs)))
    end
  end
  for i = first, last, 2 do
    redis.call('HSET', key, 'a:' .. ARGV[i], ARGV[i + 1])
  end
  -- Data that expires takes its key along, unless attributes share it; a damaged time must not fail the script half way.
  local expires = redis.call('HGET', key, 'expires')
  if expires and string.match(expires, '^%d+$') and #expires < 16 and redis.call('HLEN', key) == 3 then
    redis.call('PEXPIREAT', key, expires)
  else
    redis.call('PERSIST', key)
  end
end
`;

const LEASE = `-- A lease is a string: its state (held, revoked, or kept after a release that keeps the key), its token, its owner, who has no line
-- end in his name; and in a second line the sequence of the last writes beside it, and the holder as JSON. Its key expires when
-- the lease does.

local function formatLease(state, token, owner, sequence, holder)
  return state .. ' ' .. token .. ' ' .. owner .. '\\n' .. sequence .. ' ' .. holder
end

-- Nothing where it cannot be read.
local function parseLease(text)
  local state, token, owner, sequence, holder = string.match(text, '^(%l+) (%d+) ([^\\n]*)\\n(%d+) (.*)$')
  if not state then
    return nil
  end
  return { state = state, token = token, owner = owner, sequence = sequence, holder = holder }
end

-- Whether it is held by this owner with this token: the common case, found without reading the rest.
local function isHeldBy(text, owner, token)
  return string.find(text, 'held ' .. token .. ' ' .. owner .. '\\n', 1, true) == 1
end
`;

const SLOTS = `-- The Redis keys of one slot of a pool: its own lease, fence and data, in the Cluster slot of the pool, since they share its hash tag.
local function slotKey(poolKey, slot, part)
  return string.sub(poolKey, 1, -7) .. string.format('/%.0f:', slot) .. part
end

-- Calls \`see(slot, leaseKey, text)\` for each slot of a pool, from the \`first\` on and around, with what its lease key holds, where
-- that is a string. Ends when that returns something, and returns it.
local function eachSlot(poolKey, count, first, see)
  local head, format = string.sub(poolKey, 1, -7), string.format
  for from = first, first + count - 1, 200 do
    local leaseKeys = {}
    local size = math.min(200, first + count - from)
    for i = 1, size do
      leaseKeys[i] = head .. format('/%.0f:lease', (from + i - 1) % count)
    end
    local texts = redis.call('MGET', unpack(leaseKeys))
    for i = 1, size do
      local found = see((from + i - 1) % count, leaseKeys[i], texts[i])
      if found then
        return found
      end
    end
  end
  return nil
end
`;

export const SCRIPTS = {
  'acquire-slot': {
    keys: 1,
    sha1: 'f314e57f15bc2a6619db3ab836eb6808418749f5',
    source: `${CLOCK}${COUNTER}${KEPT}${LEASE}${GRANT}${SLOTS}
local owner, ttl, count = ARGV[1], ARGV[2], tonumber(ARGV[4])
local free, held = {}, {}

-- All are looked at: the owner may hold any of them, if he has not heard of it.
local mark = ' ' .. owner .. '\\n'
local again = eachSlot(KEYS[1], count, tonumber(ARGV[5]), function(slot, leaseKey, text)
  if not text then
    free[#free + 1] = slot
    return nil
  end
  held[#held + 1] = leaseKey
  local lease = string.find(text, mark, 1, true) and parseLease(text)
  if not lease or lease.owner ~= owner or lease.state ~= 'held' then
    return nil
  end
  local leftMs = redis.call('PTTL', leaseKey)
  if leftMs == -1 then
    return nil
  end
  return { 'granted', lease.token, rearm(leaseKey, slotKey(KEYS[1], slot, 'data'), leftMs, ttl), slot }
end)
if again then
  return again
end

for _, slot in ipairs(free) do
  local leaseKey, fenceKey = slotKey(KEYS[1], slot, 'lease'), slotKey(KEYS[1], slot, 'fence')
  local dataKey = slotKey(KEYS[1], slot, 'data')
  local counter = redis.call('MGET', fenceKey)[1]
  local number = nextToken(counter)
  -- Read, and found sound, before anything is written.
  local fields = redis.pcall('HLEN', dataKey)
  if type(fields) == 'table' and not string.find(fields.err, 'WRONGTYPE', 1, true) then
    return fields
  end
  if number and type(fields) == 'number' then
    local kept = fields > 0 and readKept(dataKey) or {}
    local lease = formatLease('held', integer(number), owner, '0', ARGV[3])
    if not putLease(leaseKey, fenceKey, counter, number, ttl, lease) then
      if #ARGV > 5 then
        writeKept(dataKey, ARGV[6], ARGV[7], ARGV[8], 9, #ARGV)
        kept = readKept(dataKey)
      end
      return { 'granted', integer(number), kept, slot }
    end
  end
end

local soonestMs = nil
for i = 1, #held do
  local leftMs = redis.call('PTTL', held[i])
  -- Without an expiry it is damaged, and is never free.
  if leftMs >= 0 and (not soonestMs or leftMs < soonestMs) then
    soonestMs = leftMs
  end
end
if not soonestMs then
  return { 'corrupt', 'each of its slots is damaged' }
end
return { 'held', '', '', soonestMs }
`,
  },
  acquire: {
    keys: 3,
    sha1: '4cd58424fceb192ac210b289f2c459ad15ff282a',
    source: `${CLOCK}${COUNTER}${KEPT}${LEASE}${GRANT}${EACH}${ANYTHING_KEPT}
return each(3, function(k, a, last, seen)
  if seen[k + 1] then
    local lease = parseLease(seen[k + 1])
    local leftMs = redis.call('PTTL', KEYS[k + 1])
    if not lease then
      return { 'corrupt', 'its lease cannot be read' }
    end
    if leftMs == -1 then
      return { 'corrupt', 'its lease has no expiry' }
    end
    if lease.owner ~= ARGV[a + 1] or lease.state ~= 'held' then
      return { 'held', lease.owner, lease.holder, leftMs }
    end
    return { 'granted', lease.token, rearm(KEYS[k + 1], KEYS[k + 3], leftMs, ARGV[a + 2]) }
  end

  local counter = seen[k + 2]
  local number = nextToken(counter)
  if not number then
    return { 'corrupt', 'its counter is not a safe integer' }
  end
  -- Read, and found sound, before anything is written.
  local kept = mayHaveKept() and readKept(KEYS[k + 3]) or {}
  if last > a + 3 and ARGV[a + 4] == '1' and redis.call('HLEN', KEYS[k + 3]) == 0 then
    return 'absent'
  end

  local token = integer(number)
  local lease = formatLease('held', token, ARGV[a + 1], '0', ARGV[a + 3])
  local problem = putLease(KEYS[k + 1], KEYS[k + 2], counter, number, ARGV[a + 2], lease)
  if problem then
    return { 'corrupt', problem }
  end
  if last > a + 4 then
    writeKept(KEYS[k + 3], ARGV[a + 5], ARGV[a + 6], ARGV[a + 7], a + 8, last)
    kept = readKept(KEYS[k + 3])
  end
  if #kept == 0 then
    return 'granted ' .. token
  end
  return { 'granted', token, kept }
end)
`,
  },
  guard: {
    keys: 0,
    sha1: 'ab02d18db651ea65fa31342247f88b88007a7910',
    source: `do
  -- Both ends of the uptime are cut to whole seconds, so it may be ahead of the truth by almost one second.
  local uptimeS = tonumber(string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%-?%d+)')) or 0
  local waitMs = maxTtlMs - (uptimeS - 1) * 1000
  if waitMs > 0 then
    return { 'not-yet', waitMs }
  end
end
`,
  },
  inspect: {
    keys: 2,
    sha1: 'ef7de541536bd12bc150e213b2eed60f630b0eb8',
    source: `${CLOCK}${KEPT}${LEASE}${EACH}
return each(2, function(k)
  -- Not what was seen, which tells no other type from nothing.
  local text = redis.call('GET', KEYS[k + 1])
  local kept = readKept(KEYS[k + 2])
  if not text then
    return { 'free', kept }
  end
  local lease = parseLease(text)
  if not lease then
    return { 'corrupt', 'its lease cannot be read' }
  end
  local leftMs = redis.call('PTTL', KEYS[k + 1])
  if leftMs == -1 then
    return { 'corrupt', 'its lease has no expiry' }
  end
  return { 'lease', lease.owner, lease.token, lease.holder, leftMs, kept }
end)
`,
  },
  'release-slot': {
    keys: 1,
    sha1: '7b4efbacc9c2eb64181f3d54fe5d78cb9a5024f2',
    source: `${CLOCK}${LEASE}${FREED}${SLOTS}
local owner, token = ARGV[1], ARGV[2]
local mark = ' ' .. owner .. '\\n'
local freed = {}
eachSlot(KEYS[1], tonumber(ARGV[3]), 0, function(_, leaseKey, text)
  local lease = text and string.find(text, mark, 1, true) and parseLease(text)
  -- One that was revoked may be followed by another of the same owner.
  if lease and lease.state ~= 'kept' and lease.owner == owner and (token == '' or lease.token == token) then
    freed[#freed + 1] = leaseKey
  end
  return nil
end)
if #freed == 0 then
  return 'not-held'
end
redis.call('DEL', unpack(freed))
tellFreed(KEYS[1])
return 'released'
`,
  },
  release: {
    keys: 2,
    sha1: '70844cbcae7b1508ff2640128f1ba923678927fc',
    source: `${CLOCK}${KEPT}${LEASE}${FREED}${EACH}
return each(2, function(k, a, last, seen)
  if not seen[k + 1] then
    return 'not-held'
  end
  local owner, token = ARGV[a + 1], ARGV[a + 2]
  local hasWrites = last > a + 4 and (ARGV[a + 5] ~= 'keep' or last > a + 7)
  local lease = nil
  if last > a + 2 or not isHeldBy(seen[k + 1], owner, token) then
    lease = parseLease(seen[k + 1])
    if not lease then
      return { 'corrupt', 'its lease cannot be read' }
    end
    if lease.state == 'kept' or lease.owner ~= owner or (token ~= '' and lease.token ~= token) then
      return 'not-held'
    end
  end
  if hasWrites then
    -- Fails before anything is written, where this is no hash.
    redis.call('HLEN', KEYS[k + 2])
  end

  -- A deletion comes first: where memory is short, Redis refuses what allocates unless the script has already written.
  local keepMs = last > a + 2 and tonumber(ARGV[a + 3]) or 0
  redis.call('DEL', KEYS[k + 1])
  if keepMs > 0 then
    redis.call('SET', KEYS[k + 1], formatLease('kept', lease.token, '', lease.sequence, ''), 'PX', keepMs)
  end

  local isNewer = hasWrites and (ARGV[a + 4] == '' or tonumber(ARGV[a + 4]) > tonumber(lease.sequence))
  if isNewer then
    writeKept(KEYS[k + 2], ARGV[a + 5], ARGV[a + 6], ARGV[a + 7], a + 8, last)
  end
  if keepMs <= 0 then
    tellFreed(KEYS[k + 1])
  end
  return 'released'
end)
`,
  },
  renew: {
    keys: 3,
    sha1: '1430978fd80ea08cc4c866bf4053e0e9e5149e53',
    source: `${CLOCK}${COUNTER}${KEPT}${LEASE}${EACH}
return each(3, function(k, a, last, seen)
  if not seen[k + 1] then
    return 'not-held'
  end
  local owner, token = ARGV[a + 1], ARGV[a + 2]
  if not isHeldBy(seen[k + 1], owner, token) then
    if parseLease(seen[k + 1]) then
      return 'not-held'
    end
    return { 'corrupt', 'its lease cannot be read' }
  end
  local hasWrites = last > a + 4 and (ARGV[a + 5] ~= 'keep' or last > a + 7)
  if hasWrites then
    -- Fails before anything is written, where this is no hash.
    redis.call('HLEN', KEYS[k + 3])
  end

  local ttlMs = tonumber(ARGV[a + 3])
  local leftMs = redis.call('PTTL', KEYS[k + 1])
  if leftMs < ttlMs then
    redis.call('PEXPIRE', KEYS[k + 1], ARGV[a + 3])
  end
  -- The counter must outlive the lease. It was written when the token was given, for a day and more.
  if not seen[k + 2] or nowMicros() - tonumber(token) > (86400000 - ttlMs) / 2 * 1000 then
    redis.call('SET', KEYS[k + 2], token, 'PX', counterLifeMs(tonumber(token), nowMicros(), ttlMs))
  end

  if hasWrites then
    local lease = parseLease(seen[k + 1])
    local sequence = ARGV[a + 4]
    local isNewer = sequence == '' or tonumber(sequence) > tonumber(lease.sequence)
    if isNewer and sequence ~= '' then
      local text = formatLease('held', token, owner, sequence, lease.holder)
      redis.call('SET', KEYS[k + 1], text, 'PX', math.max(leftMs, ttlMs))
    end
    if isNewer then
      writeKept(KEYS[k + 3], ARGV[a + 5], ARGV[a + 6], ARGV[a + 7], a + 8, last)
    end
  end
  return 'renewed'
end)
`,
  },
  revoke: {
    keys: 1,
    sha1: '5c2be0001f36459866fe4a0d2ff7601e3bcbc037',
    source: `${LEASE}${FREED}${EACH}
return each(1, function(k, a)
  -- Not what was seen, which tells no other type from nothing.
  local text = redis.call('GET', KEYS[k + 1])
  local lease = text and parseLease(text)
  if lease == nil then
    return { 'corrupt', 'its lease cannot be read' }
  end
  if not lease or lease.token ~= ARGV[a + 1] then
    return 'not-found'
  end
  if ARGV[a + 2] == '1' then
    redis.call('DEL', KEYS[k + 1])
    tellFreed(KEYS[k + 1])
  elseif lease.state == 'held' then
    local leftMs = redis.call('PTTL', KEYS[k + 1])
    if leftMs == -1 then
      return { 'corrupt', 'its lease has no expiry' }
    end
    local revoked = formatLease('revoked', lease.token, lease.owner, lease.sequence, lease.holder)
    redis.call('SET', KEYS[k + 1], revoked, 'PX', math.max(1, leftMs))
  end
  return 'revoked'
end)
`,
  },
} satisfies Record<string, RedisScript>;
