--[[
Starts the TTL of a lease anew; never shortens it. Does nothing unless owner and token match and the lease is neither
released nor revoked.

KEYS[1] lease
KEYS[2] fence
KEYS[3] data

ARGV[1] owner
ARGV[2] token
ARGV[3] TTL in ms
ARGV[4] sequence of these writes, or '' to write in any case; not above the last one applied: nothing is written; may be left out,
        as all that follow
ARGV[5] kind of data: keep, delete, text or bytes
ARGV[6] data
ARGV[7] TTL of the data in ms, or ''
ARGV[8...] attributes: name, value as JSON, ...

Returns 'renewed'
     or 'not-held'
]]
--@include clock
--@include counter
--@include kept

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
