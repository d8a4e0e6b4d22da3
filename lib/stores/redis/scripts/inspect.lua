--[[
Tells what is kept under a key. Writes nothing.

KEYS[1] lease
KEYS[2] data

Returns {'lease', owner or '', token, holder or '', state, ms left, flat list of what is kept}
     or {'free', flat list of what is kept}
     or {'corrupt', fact}
]]
--@include clock
--@include kept

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
