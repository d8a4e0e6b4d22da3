--[[
Ends a lease where owner and token match: at once, and tells those who wait; or keeps the key unavailable for a while.

KEYS[1] lease; its name is also the channel on which waiters listen
KEYS[2] data

ARGV[1] owner
ARGV[2] token, or '' to match the owner alone
ARGV[3] ms for which the key stays unavailable; 0: free at once; may be left out, as all that follow
ARGV[4] sequence of these writes, or '' to write in any case; not above the last one applied: nothing is written
ARGV[5] kind of data: keep, delete, text or bytes
ARGV[6] data
ARGV[7] TTL of the data in ms, or ''
ARGV[8...] attributes: name, value as JSON, ...

Returns 'released'
     or 'not-held'
]]
--@include clock
--@include kept

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
