// Generated from scripts/*.lua by npm run build:scripts. Do not edit.

/** A script as Redis knows it. */
export interface RedisScript {
  readonly source: string;
  /** Number of KEYS. */
  readonly keys: number;
  readonly sha1: string;
}

export const SCRIPTS = {
  acquire: {
    keys: 3,
    sha1: '8a1ede0ef29e5d3ef76c0072e518863e7c4e573e',
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
  return math.ceil(math.max(ttlMs, (token - nowUs) / 1000, 0)) + 86400000
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

-- kind: 'keep', 'delete', 'text' or 'bytes'; attributes: names and values in turn.
local function writeKept(key, kind, data, dataTtlMs, attributes)
  if kind == 'keep' and #attributes == 0 then
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
  for i = 1, #attributes, 2 do
    redis.call('HSET', key, 'a:' .. attributes[i], attributes[i + 1])
  end
  -- Data that expires takes its key along, unless attributes share it; a damaged time must not fail the script half way.
  local expires = redis.call('HGET', key, 'expires')
  if expires and string.match(expires, '^%d+$') and #expires < 16 and redis.call('HLEN', key) == 3 then
    redis.call('PEXPIREAT', key, expires)
  else
    redis.call('PERSIST', key)
  end
end
-- A lease is a string: its state (held, revoked, or kept after a release that keeps the key), its token, the sequence of the
-- last writes beside it, the length of its owner, the owner, and the holder as JSON, as in
-- 'held 1796025600000000 0 3 ann {"host":"a"}'. Its key expires when the lease does.

local function formatLease(state, token, sequence, owner, holder)
  return table.concat({ state, token, sequence, #owner, owner, holder }, ' ')
end

-- Nothing where it cannot be read.
local function parseLease(text)
  local state, token, sequence, length, start = string.match(text, '^(%l+) (%d+) (%d+) (%d+) ()')
  if not state then
    return nil
  end
  local last = start + length - 1
  return {
    state = state,
    token = token,
    sequence = sequence,
    owner = string.sub(text, start, last),
    holder = string.sub(text, last + 2),
  }
end
-- Calls \`one(keys, arguments, seen)\` for each lease, which has \`keysEach\` keys and as many arguments as every other: \`seen\` is what
-- its keys held before, where that is a string. One lease is answered as \`one\` does; of many, a failure is that of its lease alone.
local function each(keysEach, one)
  local values = redis.call('MGET', unpack(KEYS))
  local count = #KEYS / keysEach
  if count == 1 then
    return one(KEYS, ARGV, values)
  end
  local argumentsEach = #ARGV / count
  local replies = {}
  local areWords = true
  for i = 0, count - 1 do
    local from, to = i * keysEach + 1, (i + 1) * keysEach
    local arguments = { unpack(ARGV, i * argumentsEach + 1, (i + 1) * argumentsEach) }
    local isDone, reply = pcall(one, { unpack(KEYS, from, to) }, arguments, { unpack(values, from, to) })
    if not isDone then
      -- Before version 7 an error of Redis is text that begins with its place in the script.
      local text = type(reply) == 'table' and reply.err or tostring(reply)
      reply = { 'failed', (string.gsub(text, '^@?user_script:%s*%d+:%s*', '')) }
    end
    areWords = areWords and type(reply) == 'string'
    replies[i + 1] = reply
  end
  -- Words are told in one text, one in a line, which is read at once.
  return areWords and table.concat(replies, '\\n') or replies
end

local isThere = nil

-- Whether any lease has the nth of its keys: asked once for all of them, since most have nothing beside them.
local function existsForAny(keysEach, nth)
  if isThere == nil then
    local names = {}
    for i = nth, #KEYS, keysEach do
      names[#names + 1] = KEYS[i]
    end
    isThere = redis.call('EXISTS', unpack(names)) > 0
  end
  return isThere
end

return each(3, function(KEYS, ARGV, seen)
  local ttlMs = tonumber(ARGV[2])
  if seen[1] then
    local lease = parseLease(seen[1])
    local leftMs = redis.call('PTTL', KEYS[1])
    if not lease then
      return { 'corrupt', 'its lease cannot be read' }
    end
    if leftMs == -1 then
      return { 'corrupt', 'its lease has no expiry' }
    end
    if lease.owner ~= ARGV[1] or lease.state ~= 'held' then
      return { 'held', lease.owner, lease.holder, leftMs }
    end
    local kept = readKept(KEYS[3])
    if leftMs < ttlMs then
      redis.call('PEXPIRE', KEYS[1], ttlMs)
    end
    return { 'granted', lease.token, kept }
  end

  local lastToken = string.match(seen[2] or '0', '^%d+$') and tonumber(seen[2] or '0')
  if not lastToken or lastToken >= 9007199254740991 then
    return { 'corrupt', 'its counter is not a safe integer' }
  end
  -- Read, and found sound, before anything is written.
  local kept = existsForAny(3, 3) and readKept(KEYS[3]) or {}
  if ARGV[4] == '1' and redis.call('HLEN', KEYS[3]) == 0 then
    return 'absent'
  end

  local nowUs = nowMicros()
  local token = integer(math.max(lastToken + 1, nowUs))
  local lease = formatLease('held', token, 0, ARGV[1], ARGV[3])
  -- What is there, and was not seen, is no string.
  if not redis.call('SET', KEYS[1], lease, 'PX', ARGV[2], 'NX') then
    return { 'corrupt', 'the Redis key of its lease holds a value of another type' }
  end
  local lifeMs = counterLifeMs(tonumber(token), nowUs, ttlMs)
  if not redis.call('SET', KEYS[2], token, 'PX', lifeMs, seen[2] and 'XX' or 'NX') then
    redis.call('DEL', KEYS[1])
    return { 'corrupt', 'the Redis key of its counter holds a value of another type' }
  end
  if ARGV[5] then
    local attributes = {}
    for i = 8, #ARGV do
      attributes[#attributes + 1] = ARGV[i]
    end
    writeKept(KEYS[3], ARGV[5], ARGV[6], ARGV[7], attributes)
    kept = readKept(KEYS[3])
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
    sha1: 'bb9d16bb39aea54e74e538642d7df76bf24c2f9b',
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

-- kind: 'keep', 'delete', 'text' or 'bytes'; attributes: names and values in turn.
local function writeKept(key, kind, data, dataTtlMs, attributes)
  if kind == 'keep' and #attributes == 0 then
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
  for i = 1, #attributes, 2 do
    redis.call('HSET', key, 'a:' .. attributes[i], attributes[i + 1])
  end
  -- Data that expires takes its key along, unless attributes share it; a damaged time must not fail the script half way.
  local expires = redis.call('HGET', key, 'expires')
  if expires and string.match(expires, '^%d+$') and #expires < 16 and redis.call('HLEN', key) == 3 then
    redis.call('PEXPIREAT', key, expires)
  else
    redis.call('PERSIST', key)
  end
end
-- A lease is a string: its state (held, revoked, or kept after a release that keeps the key), its token, the sequence of the
-- last writes beside it, the length of its owner, the owner, and the holder as JSON, as in
-- 'held 1796025600000000 0 3 ann {"host":"a"}'. Its key expires when the lease does.

local function formatLease(state, token, sequence, owner, holder)
  return table.concat({ state, token, sequence, #owner, owner, holder }, ' ')
end

-- Nothing where it cannot be read.
local function parseLease(text)
  local state, token, sequence, length, start = string.match(text, '^(%l+) (%d+) (%d+) (%d+) ()')
  if not state then
    return nil
  end
  local last = start + length - 1
  return {
    state = state,
    token = token,
    sequence = sequence,
    owner = string.sub(text, start, last),
    holder = string.sub(text, last + 2),
  }
end

local text = redis.call('GET', KEYS[1])
local kept = readKept(KEYS[2])
if not text then
  return { 'free', kept }
end
local lease = parseLease(text)
if not lease then
  return { 'corrupt', 'its lease cannot be read' }
end
local leftMs = redis.call('PTTL', KEYS[1])
if leftMs == -1 then
  return { 'corrupt', 'its lease has no expiry' }
end
return { 'lease', lease.owner, lease.token, lease.holder, leftMs, kept }
`,
  },
  release: {
    keys: 2,
    sha1: 'bd5b1bc157a11ab4d1fed56afb3ec2db2be38d1f',
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

-- kind: 'keep', 'delete', 'text' or 'bytes'; attributes: names and values in turn.
local function writeKept(key, kind, data, dataTtlMs, attributes)
  if kind == 'keep' and #attributes == 0 then
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
  for i = 1, #attributes, 2 do
    redis.call('HSET', key, 'a:' .. attributes[i], attributes[i + 1])
  end
  -- Data that expires takes its key along, unless attributes share it; a damaged time must not fail the script half way.
  local expires = redis.call('HGET', key, 'expires')
  if expires and string.match(expires, '^%d+$') and #expires < 16 and redis.call('HLEN', key) == 3 then
    redis.call('PEXPIREAT', key, expires)
  else
    redis.call('PERSIST', key)
  end
end
-- A lease is a string: its state (held, revoked, or kept after a release that keeps the key), its token, the sequence of the
-- last writes beside it, the length of its owner, the owner, and the holder as JSON, as in
-- 'held 1796025600000000 0 3 ann {"host":"a"}'. Its key expires when the lease does.

local function formatLease(state, token, sequence, owner, holder)
  return table.concat({ state, token, sequence, #owner, owner, holder }, ' ')
end

-- Nothing where it cannot be read.
local function parseLease(text)
  local state, token, sequence, length, start = string.match(text, '^(%l+) (%d+) (%d+) (%d+) ()')
  if not state then
    return nil
  end
  local last = start + length - 1
  return {
    state = state,
    token = token,
    sequence = sequence,
    owner = string.sub(text, start, last),
    holder = string.sub(text, last + 2),
  }
end
-- Calls \`one(keys, arguments, seen)\` for each lease, which has \`keysEach\` keys and as many arguments as every other: \`seen\` is what
-- its keys held before, where that is a string. One lease is answered as \`one\` does; of many, a failure is that of its lease alone.
local function each(keysEach, one)
  local values = redis.call('MGET', unpack(KEYS))
  local count = #KEYS / keysEach
  if count == 1 then
    return one(KEYS, ARGV, values)
  end
  local argumentsEach = #ARGV / count
  local replies = {}
  local areWords = true
  for i = 0, count - 1 do
    local from, to = i * keysEach + 1, (i + 1) * keysEach
    local arguments = { unpack(ARGV, i * argumentsEach + 1, (i + 1) * argumentsEach) }
    local isDone, reply = pcall(one, { unpack(KEYS, from, to) }, arguments, { unpack(values, from, to) })
    if not isDone then
      -- Before version 7 an error of Redis is text that begins with its place in the script.
      local text = type(reply) == 'table' and reply.err or tostring(reply)
      reply = { 'failed', (string.gsub(text, '^@?user_script:%s*%d+:%s*', '')) }
    end
    areWords = areWords and type(reply) == 'string'
    replies[i + 1] = reply
  end
  -- Words are told in one text, one in a line, which is read at once.
  return areWords and table.concat(replies, '\\n') or replies
end

local isThere = nil

-- Whether any lease has the nth of its keys: asked once for all of them, since most have nothing beside them.
local function existsForAny(keysEach, nth)
  if isThere == nil then
    local names = {}
    for i = nth, #KEYS, keysEach do
      names[#names + 1] = KEYS[i]
    end
    isThere = redis.call('EXISTS', unpack(names)) > 0
  end
  return isThere
end

return each(2, function(KEYS, ARGV, seen)
  if not seen[1] then
    return 'not-held'
  end
  local lease = parseLease(seen[1])
  if not lease then
    return { 'corrupt', 'its lease cannot be read' }
  end
  if lease.state == 'kept' or lease.owner ~= ARGV[1] or (ARGV[2] ~= '' and lease.token ~= ARGV[2]) then
    return 'not-held'
  end
  local hasWrites = ARGV[5] and (ARGV[5] ~= 'keep' or #ARGV > 7)
  if hasWrites then
    -- Fails before anything is written, where this is no hash.
    redis.call('HLEN', KEYS[2])
  end

  -- A deletion comes first: where memory is short, Redis refuses what allocates unless the script has already written.
  local keepMs = tonumber(ARGV[3] or '0')
  redis.call('DEL', KEYS[1])
  if keepMs > 0 then
    redis.call('SET', KEYS[1], formatLease('kept', lease.token, lease.sequence, '', ''), 'PX', keepMs)
  end

  local isNewer = hasWrites and (ARGV[4] == '' or tonumber(ARGV[4]) > tonumber(lease.sequence))
  if isNewer then
    local attributes = {}
    for i = 8, #ARGV do
      attributes[#attributes + 1] = ARGV[i]
    end
    writeKept(KEYS[2], ARGV[5], ARGV[6], ARGV[7], attributes)
  end
  if keepMs <= 0 then
    -- Without the right to publish, waiters poll; the key is free all the same.
    redis.pcall('PUBLISH', KEYS[1], 'freed')
  end
  return 'released'
end)
`,
  },
  renew: {
    keys: 3,
    sha1: 'e8cafa48e30528269e77d2db133a2290e5838b53',
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
  return math.ceil(math.max(ttlMs, (token - nowUs) / 1000, 0)) + 86400000
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

-- kind: 'keep', 'delete', 'text' or 'bytes'; attributes: names and values in turn.
local function writeKept(key, kind, data, dataTtlMs, attributes)
  if kind == 'keep' and #attributes == 0 then
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
  for i = 1, #attributes, 2 do
    redis.call('HSET', key, 'a:' .. attributes[i], attributes[i + 1])
  end
  -- Data that expires takes its key along, unless attributes share it; a damaged time must not fail the script half way.
  local expires = redis.call('HGET', key, 'expires')
  if expires and string.match(expires, '^%d+$') and #expires < 16 and redis.call('HLEN', key) == 3 then
    redis.call('PEXPIREAT', key, expires)
  else
    redis.call('PERSIST', key)
  end
end
-- A lease is a string: its state (held, revoked, or kept after a release that keeps the key), its token, the sequence of the
-- last writes beside it, the length of its owner, the owner, and the holder as JSON, as in
-- 'held 1796025600000000 0 3 ann {"host":"a"}'. Its key expires when the lease does.

local function formatLease(state, token, sequence, owner, holder)
  return table.concat({ state, token, sequence, #owner, owner, holder }, ' ')
end

-- Nothing where it cannot be read.
local function parseLease(text)
  local state, token, sequence, length, start = string.match(text, '^(%l+) (%d+) (%d+) (%d+) ()')
  if not state then
    return nil
  end
  local last = start + length - 1
  return {
    state = state,
    token = token,
    sequence = sequence,
    owner = string.sub(text, start, last),
    holder = string.sub(text, last + 2),
  }
end
-- Calls \`one(keys, arguments, seen)\` for each lease, which has \`keysEach\` keys and as many arguments as every other: \`seen\` is what
-- its keys held before, where that is a string. One lease is answered as \`one\` does; of many, a failure is that of its lease alone.
local function each(keysEach, one)
  local values = redis.call('MGET', unpack(KEYS))
  local count = #KEYS / keysEach
  if count == 1 then
    return one(KEYS, ARGV, values)
  end
  local argumentsEach = #ARGV / count
  local replies = {}
  local areWords = true
  for i = 0, count - 1 do
    local from, to = i * keysEach + 1, (i + 1) * keysEach
    local arguments = { unpack(ARGV, i * argumentsEach + 1, (i + 1) * argumentsEach) }
    local isDone, reply = pcall(one, { unpack(KEYS, from, to) }, arguments, { unpack(values, from, to) })
    if not isDone then
      -- Before version 7 an error of Redis is text that begins with its place in the script.
      local text = type(reply) == 'table' and reply.err or tostring(reply)
      reply = { 'failed', (string.gsub(text, '^@?user_script:%s*%d+:%s*', '')) }
    end
    areWords = areWords and type(reply) == 'string'
    replies[i + 1] = reply
  end
  -- Words are told in one text, one in a line, which is read at once.
  return areWords and table.concat(replies, '\\n') or replies
end

local isThere = nil

-- Whether any lease has the nth of its keys: asked once for all of them, since most have nothing beside them.
local function existsForAny(keysEach, nth)
  if isThere == nil then
    local names = {}
    for i = nth, #KEYS, keysEach do
      names[#names + 1] = KEYS[i]
    end
    isThere = redis.call('EXISTS', unpack(names)) > 0
  end
  return isThere
end

return each(3, function(KEYS, ARGV, seen)
  if not seen[1] then
    return 'not-held'
  end
  local lease = parseLease(seen[1])
  if not lease then
    return { 'corrupt', 'its lease cannot be read' }
  end
  if lease.owner ~= ARGV[1] or lease.token ~= ARGV[2] or lease.state ~= 'held' then
    return 'not-held'
  end
  local hasWrites = ARGV[5] and (ARGV[5] ~= 'keep' or #ARGV > 7)
  if hasWrites then
    -- Fails before anything is written, where this is no hash.
    redis.call('HLEN', KEYS[3])
  end

  local ttlMs = tonumber(ARGV[3])
  local leftMs = redis.call('PTTL', KEYS[1])
  if leftMs < ttlMs then
    redis.call('PEXPIRE', KEYS[1], ttlMs)
  end
  -- The counter must outlive the lease. It was written when the token was given, for a day and more.
  local token = tonumber(lease.token)
  if nowMicros() - token > (86400000 - ttlMs) / 2 * 1000 then
    redis.call('SET', KEYS[2], lease.token, 'PX', counterLifeMs(token, nowMicros(), ttlMs))
  end

  local isNewer = hasWrites and (ARGV[4] == '' or tonumber(ARGV[4]) > tonumber(lease.sequence))
  if isNewer then
    if ARGV[4] ~= '' then
      local text = formatLease(lease.state, lease.token, ARGV[4], lease.owner, lease.holder)
      redis.call('SET', KEYS[1], text, 'PX', math.max(leftMs, ttlMs))
    end
    local attributes = {}
    for i = 8, #ARGV do
      attributes[#attributes + 1] = ARGV[i]
    end
    writeKept(KEYS[3], ARGV[5], ARGV[6], ARGV[7], attributes)
  end
  return 'renewed'
end)
`,
  },
  revoke: {
    keys: 1,
    sha1: 'dcf794a59ba2697d65af8778145339db587bd671',
    source: `-- A lease is a string: its state (held, revoked, or kept after a release that keeps the key), its token, the sequence of the
-- last writes beside it, the length of its owner, the owner, and the holder as JSON, as in
-- 'held 1796025600000000 0 3 ann {"host":"a"}'. Its key expires when the lease does.

local function formatLease(state, token, sequence, owner, holder)
  return table.concat({ state, token, sequence, #owner, owner, holder }, ' ')
end

-- Nothing where it cannot be read.
local function parseLease(text)
  local state, token, sequence, length, start = string.match(text, '^(%l+) (%d+) (%d+) (%d+) ()')
  if not state then
    return nil
  end
  local last = start + length - 1
  return {
    state = state,
    token = token,
    sequence = sequence,
    owner = string.sub(text, start, last),
    holder = string.sub(text, last + 2),
  }
end

local text = redis.call('GET', KEYS[1])
local lease = text and parseLease(text)
if lease == nil then
  return { 'corrupt', 'its lease cannot be read' }
end
if not lease or lease.token ~= ARGV[1] then
  return 'not-found'
end
if ARGV[2] == '1' then
  redis.call('DEL', KEYS[1])
  -- Without the right to publish, waiters poll; the key is free all the same.
  redis.pcall('PUBLISH', KEYS[1], 'freed')
elseif lease.state == 'held' then
  local leftMs = redis.call('PTTL', KEYS[1])
  if leftMs == -1 then
    return { 'corrupt', 'its lease has no expiry' }
  end
  local revoked = formatLease('revoked', lease.token, lease.sequence, lease.owner, lease.holder)
  redis.call('SET', KEYS[1], revoked, 'PX', math.max(1, leftMs))
end
return 'revoked'
`,
  },
} satisfies Record<string, RedisScript>;
