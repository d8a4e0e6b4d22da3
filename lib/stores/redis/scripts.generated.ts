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
    sha1: '12e2d20c39cccbe09d6ee395413885cacb9c3666',
    source: `-- The server's time in whole microseconds; below 2^53 for another two centuries.
local function nowMicros()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- Whole numbers as text; tostring() would round them to 14 digits.
local function integer(number)
  return string.format('%.0f', number)
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

local function granted(token, kept)
  if #kept == 0 then
    return 'granted ' .. token
  end
  return { 'granted', token, kept }
end

local ttlMs = tonumber(ARGV[2])
local leftMs = redis.call('PTTL', KEYS[1])
if leftMs ~= -2 then
  local lease = redis.call('HMGET', KEYS[1], 'owner', 'token', 'holder', 'state')
  if not lease[2] or not lease[4] then
    return { 'corrupt', 'its lease has no token or no state' }
  end
  if leftMs == -1 then
    return { 'corrupt', 'its lease has no expiry' }
  end
  if lease[1] ~= ARGV[1] or lease[4] ~= '' then
    return { 'held', lease[1] or '', lease[3] or '', leftMs }
  end
  local kept = readKept(KEYS[3])
  if leftMs < ttlMs then
    redis.call('PEXPIRE', KEYS[1], ttlMs)
  end
  return granted(lease[2], kept)
end

-- All is read, and found sound, before anything is written: a script that fails half way leaves what it has written.
local last = redis.call('GET', KEYS[2]) or '0'
local lastToken = string.match(last, '^%d+$') and tonumber(last)
if not lastToken or lastToken >= 9007199254740991 then
  return { 'corrupt', 'its counter is not a safe integer' }
end
local kept = readKept(KEYS[3])
if ARGV[4] == '1' and redis.call('HLEN', KEYS[3]) == 0 then
  return 'absent'
end

local nowUs = nowMicros()
local token = integer(math.max(lastToken + 1, nowUs))
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'token', token, 'holder', ARGV[3], 'sequence', '0', 'state', '')
redis.call('PEXPIRE', KEYS[1], ttlMs)
redis.call('SET', KEYS[2], token, 'PX', counterLifeMs(tonumber(token), nowUs, ttlMs))
if ARGV[5] then
  local attributes = {}
  for i = 8, #ARGV do
    attributes[#attributes + 1] = ARGV[i]
  end
  writeKept(KEYS[3], ARGV[5], ARGV[6], ARGV[7], attributes)
  kept = readKept(KEYS[3])
end
return granted(token, kept)
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
    sha1: 'b1dce74f85fdb4a686a3ecf45ef9e857b040127e',
    source: `-- The server's time in whole microseconds; below 2^53 for another two centuries.
local function nowMicros()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- Whole numbers as text; tostring() would round them to 14 digits.
local function integer(number)
  return string.format('%.0f', number)
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

local lease = redis.call('HMGET', KEYS[1], 'owner', 'token', 'holder', 'state')
local leftMs = redis.call('PTTL', KEYS[1])
local kept = readKept(KEYS[2])
if leftMs == -2 then
  return { 'free', kept }
end
if not lease[2] or not lease[4] then
  return { 'corrupt', 'its lease has no token or no state' }
end
if leftMs == -1 then
  return { 'corrupt', 'its lease has no expiry' }
end
return { 'lease', lease[1] or '', lease[2], lease[3] or '', lease[4], leftMs, kept }
`,
  },
  many: {
    keys: 0,
    sha1: '98472b9c806084d87af253d680145a4318e25fc7',
    source: `local function attempt(keys, arguments)
  local isDone, reply = pcall(one, keys, arguments)
  if isDone then
    return reply
  end
  -- Before version 7 an error of Redis is text that begins with its place in the script.
  local text = type(reply) == 'table' and reply.err or tostring(reply)
  return { 'failed', (string.gsub(text, '^@?user_script:%s*%d+:%s*', '')) }
end

local argsEach = #ARGV / (#KEYS / keysEach)
local replies = {}
local areWords = true
for i = 0, #KEYS / keysEach - 1 do
  local keys = { unpack(KEYS, i * keysEach + 1, (i + 1) * keysEach) }
  local reply = attempt(keys, { unpack(ARGV, i * argsEach + 1, (i + 1) * argsEach) })
  areWords = areWords and type(reply) == 'string'
  replies[#replies + 1] = reply
end
if areWords then
  return table.concat(replies, '\\n')
end
return replies
`,
  },
  release: {
    keys: 2,
    sha1: '2af51fee8480038e75b0af3fbfd334a4673d9c6a',
    source: `-- The server's time in whole microseconds; below 2^53 for another two centuries.
local function nowMicros()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- Whole numbers as text; tostring() would round them to 14 digits.
local function integer(number)
  return string.format('%.0f', number)
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

local lease = redis.call('HMGET', KEYS[1], 'owner', 'token', 'sequence')
if lease[1] ~= ARGV[1] or (ARGV[2] ~= '' and lease[2] ~= ARGV[2]) then
  return 'not-held'
end
local hasWrites = ARGV[5] and (ARGV[5] ~= 'keep' or #ARGV > 7)
if hasWrites then
  redis.call('HLEN', KEYS[2])
end

-- A deletion comes first: where memory is short, Redis refuses what allocates unless the script has already written.
local keepMs = tonumber(ARGV[3] or '0')
if keepMs > 0 then
  redis.call('HDEL', KEYS[1], 'owner', 'holder')
  redis.call('HSET', KEYS[1], 'state', 'kept')
  redis.call('PEXPIRE', KEYS[1], keepMs)
else
  redis.call('DEL', KEYS[1])
end

local isNewer = hasWrites and (ARGV[4] == '' or tonumber(ARGV[4]) > (tonumber(lease[3]) or -1))
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
`,
  },
  renew: {
    keys: 3,
    sha1: 'e196c1a91bedf4a2428c398e904bea75b3144c10',
    source: `-- The server's time in whole microseconds; below 2^53 for another two centuries.
local function nowMicros()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- Whole numbers as text; tostring() would round them to 14 digits.
local function integer(number)
  return string.format('%.0f', number)
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

local ttlMs = tonumber(ARGV[3])
local lease = redis.call('HMGET', KEYS[1], 'owner', 'token', 'state', 'sequence')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] or lease[3] ~= '' then
  return 'not-held'
end
local hasWrites = ARGV[5] and (ARGV[5] ~= 'keep' or #ARGV > 7)
if hasWrites then
  redis.call('HLEN', KEYS[3])
end
if redis.call('PTTL', KEYS[1]) < ttlMs then
  redis.call('PEXPIRE', KEYS[1], ttlMs)
end

-- The counter must outlive the lease; it is written rarely, not with each renewal.
if redis.call('PTTL', KEYS[2]) < ttlMs + 43200000 then
  redis.call('SET', KEYS[2], lease[2], 'PX', counterLifeMs(tonumber(lease[2]), nowMicros(), ttlMs))
end

local isNewer = hasWrites and (ARGV[4] == '' or tonumber(ARGV[4]) > (tonumber(lease[4]) or -1))
if isNewer then
  if ARGV[4] ~= '' then
    redis.call('HSET', KEYS[1], 'sequence', ARGV[4])
  end
  local attributes = {}
  for i = 8, #ARGV do
    attributes[#attributes + 1] = ARGV[i]
  end
  writeKept(KEYS[3], ARGV[5], ARGV[6], ARGV[7], attributes)
end
return 'renewed'
`,
  },
  revoke: {
    keys: 1,
    sha1: 'c901d464f4a7f1774affd4cacb7daa4d9d578b05',
    source: `local lease = redis.call('HMGET', KEYS[1], 'token', 'state')
if lease[1] ~= ARGV[1] then
  return 'not-found'
end
if ARGV[2] == '1' then
  redis.call('DEL', KEYS[1])
  -- Without the right to publish, waiters poll; the key is free all the same.
  redis.pcall('PUBLISH', KEYS[1], 'freed')
elseif lease[2] == '' then
  redis.call('HSET', KEYS[1], 'state', 'revoked')
end
return 'revoked'
`,
  },
} satisfies Record<string, RedisScript>;
