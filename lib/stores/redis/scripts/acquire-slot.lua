--[[
Grants any one slot of a pool. Asked again by the owner that holds one, grants that one again, as acquire.lua does; else the first
that is free. What cannot be granted because it is damaged is passed over.

KEYS[1] name that a lease of the pool itself would have, under which nothing is kept; the names of its slots are made of it

ARGV[1] owner
ARGV[2] TTL in ms
ARGV[3] holder as JSON, or ''
ARGV[4] how many slots there are
ARGV[5] which of them is looked at first
ARGV[6] kind of data: keep, delete, text or bytes; may be left out, as all that follow
ARGV[7] data
ARGV[8] TTL of the data in ms, or ''
ARGV[9...] attributes: name, value as JSON, ...

Returns {'granted', token, flat list of what is kept, slot}
     or {'held', '', '', ms left of the slot that is free first}
     or {'corrupt', fact}
]]
--@include clock
--@include counter
--@include kept
--@include lease
--@include grant
--@include slots

local owner, ttl, count = ARGV[1], ARGV[2], tonumber(ARGV[4])
local free, held = {}, {}

-- All are looked at: the owner may hold any of them, if he has not heard of it.
local mark = ' ' .. owner .. '\n'
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
