--[[
Grants a key if it is free. Asked again by the owner that holds it, grants again: same token, TTL anew (never shorter),
nothing else written.

KEYS[1] lease: hash owner, token, holder, sequence, state ('', 'kept' after a release that keeps the key, 'revoked'); expires
KEYS[2] fence: the last token granted; expires a day after it can matter
KEYS[3] data: hash of what is kept beside the lease

ARGV[1] owner
ARGV[2] TTL in ms
ARGV[3] holder as JSON, or ''
ARGV[4] '1' where only a key beside which something is kept may be granted, or ''; may be left out, as all that follow
ARGV[5] kind of data: keep, delete, text or bytes
ARGV[6] data
ARGV[7] TTL of the data in ms, or ''
ARGV[8...] attributes: name, value as JSON, ...

Returns 'granted <token>' where the key was free and nothing is kept
     or {'granted', token, flat list of what is kept}
     or {'held', owner or '', holder or '', ms left}
     or 'absent'
     or {'corrupt', fact}
]]
--@include clock
--@include counter
--@include kept

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
  return { 'granted', lease[2], kept }
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
if #kept == 0 then
  return 'granted ' .. token
end
return { 'granted', token, kept }
