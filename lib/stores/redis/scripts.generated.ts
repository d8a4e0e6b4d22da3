// Generated from scripts/*.lua by npm run build:scripts. Do not edit.

/** A script as Redis knows it. */
export interface RedisScript {
  readonly source: string;
  /** Number of KEYS of one lease. */
  readonly keys: number;
  readonly sha1: string;
}

export const SCRIPTS = {
  acquire: {
    keys: 3,
    sha1: 'c8430b7607463b610e9e56d398f3855f951db5ff',
    source: `-- Whole numbers as text; tostring() would round them to 14 digits.
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
-- How long the counter of a key must live, in ms: a day longer than the lease, and than the token is ahead of the clock.
local function counterLifeMs(token, nowUs, ttlMs)
  return integer(math.ceil(math.max(ttlMs, (token - nowUs) / 1000)) + 86400000)
end
-- What is kept beside a lease is a hash: \`data\`, \`kind\` (text, bytes), \`expires\` (ms of the server's clock), and one
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
-- A lease is a string: its state (held, revoked, or kept after a release that keeps the key), its token, its owner, who has no line
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
-- Each lease has \`keysEach\` keys, and as many arguments as every other. Calls \`one(k, a, last, seen)\` for each: its keys are those
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
local isAnythingKept = nil

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
    local kept = readKept(KEYS[k + 3])
    if leftMs < tonumber(ARGV[a + 2]) then
      redis.call('PEXPIRE', KEYS[k + 1], ARGV[a + 2])
    end
    return { 'granted', lease.token, kept }
  end

  local counter = seen[k + 2]
  local lastToken = not counter and 0 or string.match(counter, '^%d+$') and tonumber(counter)
  if not lastToken or lastToken >= 9007199254740991 then
    return { 'corrupt', 'its counter is not a safe integer' }
  end
  -- Read, and found sound, before anything is written.
  local kept = mayHaveKept() and readKept(KEYS[k + 3]) or {}
  if last > a + 3 and ARGV[a + 4] == '1' and redis.call('HLEN', KEYS[k + 3]) == 0 then
    return 'absent'
  end

  local nowUs = nowMicros()
  local number = math.max(lastToken + 1, nowUs)
  local token = integer(number)
  local lease = formatLease('held', token, ARGV[a + 1], '0', ARGV[a + 3])
  -- What is there, and was not seen, is no string.
  if not redis.call('SET', KEYS[k + 1], lease, 'PX', ARGV[a + 2], 'NX') then
    return { 'corrupt', 'the Redis key of its lease holds a value of another type' }
  end
  local lifeMs = counterLifeMs(number, nowUs, tonumber(ARGV[a + 2]))
  if not redis.call('SET', KEYS[k + 2], token, 'PX', lifeMs, counter and 'XX' or 'NX') then
    redis.call('DEL', KEYS[k + 1])
    return { 'corrupt', 'the Redis key of its counter holds a value of another type' }
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
    source: `-- Whole numbers as text; tostring() would round them to 14 digits.
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
-- What is kept beside a lease is a hash: \`data\`, \`kind\` (text, bytes), \`expires\` (ms of the server's clock), and one
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
-- A lease is a string: its state (held, revoked, or kept after a release that keeps the key), its token, its owner, who has no line
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
-- Each lease has \`keysEach\` keys, and as many arguments as every other. Calls \`one(k, a, last, seen)\` for each: its keys are those
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
  release: {
    keys: 2,
    sha1: 'f4c6f305215a657d29b65e352d974564a096aa5e',
    source: `-- Whole numbers as text; tostring() would round them to 14 digits.
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
-- What is kept beside a lease is a hash: \`data\`, \`kind\` (text, bytes), \`expires\` (ms of the server's clock), and one
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
-- A lease is a string: its state (held, revoked, or kept after a release that keeps the key), its token, its owner, who has no line
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
-- Each lease has \`keysEach\` keys, and as many arguments as every other. Calls \`one(k, a, last, seen)\` for each: its keys are those
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
    -- Without the right to publish, waiters poll; the key is free all the same.
    redis.pcall('PUBLISH', KEYS[k + 1], 'freed')
  end
  return 'released'
end)
`,
  },
  renew: {
    keys: 3,
    sha1: '1430978fd80ea08cc4c866bf4053e0e9e5149e53',
    source: `-- Whole numbers as text; tostring() would round them to 14 digits.
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
-- How long the counter of a key must live, in ms: a day longer than the lease, and than the token is ahead of the clock.
local function counterLifeMs(token, nowUs, ttlMs)
  return integer(math.ceil(math.max(ttlMs, (token - nowUs) / 1000)) + 86400000)
end
-- What is kept beside a lease is a hash: \`data\`, \`kind\` (text, bytes), \`expires\` (ms of the server's clock), and one
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
-- A lease is a string: its state (held, revoked, or kept after a release that keeps the key), its token, its owner, who has no line
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
-- Each lease has \`keysEach\` keys, and as many arguments as every other. Calls \`one(k, a, last, seen)\` for each: its keys are those
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
    sha1: '0fa168c5b0a13ab2e708b48038c9d1f0205aa71f',
    source: `-- A lease is a string: its state (held, revoked, or kept after a release that keeps the key), its token, its owner, who has no line
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
-- Each lease has \`keysEach\` keys, and as many arguments as every other. Calls \`one(k, a, last, seen)\` for each: its keys are those
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
    -- Without the right to publish, waiters poll; the key is free all the same.
    redis.pcall('PUBLISH', KEYS[k + 1], 'freed')
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
