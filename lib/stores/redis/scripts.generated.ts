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
    sha1: 'd6e24ebe71cf0e4f758544347e8207b26791bdfd',
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
local lives = {}

-- How long the counter of a key must live, in ms: a day longer than the lease, and than the token is ahead of the clock.
local function counterLifeMs(token, nowUs, ttlMs)
  if token > nowUs then
    return math.ceil(math.max(tonumber(ttlMs), (token - nowUs) / 1000)) + 86400000
  end
  -- As text, and once for all that have the same TTL: numbers are slow to write.
  lives[ttlMs] = lives[ttlMs] or integer(ttlMs + 86400000)
  return lives[ttlMs]
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
-- string. One lease is answered as \`one\` does; of many, a failure is that of its lease alone.
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
  local kept = existsForAny(3, 3) and readKept(KEYS[k + 3]) or {}
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
  local lifeMs = counterLifeMs(number, nowUs, ARGV[a + 2])
  if not redis.call('SET', KEYS[k + 2], token, 'PX', lifeMs, counter and 'XX' or 'NX') then
    redis.call('DEL', KEYS[k + 1])
    return { 'corrupt', 'the Redis key of its counter holds a value of another type' }
  end
  if last > a + 4 then
    local attributes = {}
    for i = a + 8, last do
      attributes[#attributes + 1] = ARGV[i]
    end
    writeKept(KEYS[k + 3], ARGV[a + 5], ARGV[a + 6], ARGV[a + 7], attributes)
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
    sha1: '42025c42298f642c51ede15882c5c59b06cf8fa2',
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
    sha1: '3ad54c2569c8e28c9386cb7fafd3bea6804224e6',
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
-- string. One lease is answered as \`one\` does; of many, a failure is that of its lease alone.
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
    local attributes = {}
    for i = a + 8, last do
      attributes[#attributes + 1] = ARGV[i]
    end
    writeKept(KEYS[k + 2], ARGV[a + 5], ARGV[a + 6], ARGV[a + 7], attributes)
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
    sha1: 'b150069eea77f0a8ef431a25e5894a5bc32b92fc',
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
local lives = {}

-- How long the counter of a key must live, in ms: a day longer than the lease, and than the token is ahead of the clock.
local function counterLifeMs(token, nowUs, ttlMs)
  if token > nowUs then
    return math.ceil(math.max(tonumber(ttlMs), (token - nowUs) / 1000)) + 86400000
  end
  -- As text, and once for all that have the same TTL: numbers are slow to write.
  lives[ttlMs] = lives[ttlMs] or integer(ttlMs + 86400000)
  return lives[ttlMs]
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
-- string. One lease is answered as \`one\` does; of many, a failure is that of its lease alone.
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
  if nowMicros() - tonumber(token) > (86400000 - ttlMs) / 2 * 1000 then
    redis.call('SET', KEYS[k + 2], token, 'PX', counterLifeMs(tonumber(token), nowMicros(), ARGV[a + 3]))
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
      local attributes = {}
      for i = a + 8, last do
        attributes[#attributes + 1] = ARGV[i]
      end
      writeKept(KEYS[k + 3], ARGV[a + 5], ARGV[a + 6], ARGV[a + 7], attributes)
    end
  end
  return 'renewed'
end)
`,
  },
  revoke: {
    keys: 1,
    sha1: '23d36c9bc2e3ff5beecdf7dc821c83abe996b62d',
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
  local revoked = formatLease('revoked', lease.token, lease.owner, lease.sequence, lease.holder)
  redis.call('SET', KEYS[1], revoked, 'PX', math.max(1, leftMs))
end
return 'revoked'
`,
  },
} satisfies Record<string, RedisScript>;
