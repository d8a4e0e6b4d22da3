--[[
Frees whichever slot of a pool an owner holds, and tells those who wait.

KEYS[1] name that a lease of the pool itself would have, and the channel on which waiters listen

ARGV[1] owner
ARGV[2] token, or '' to match the owner alone
ARGV[3] how many slots there are

Returns 'released'
     or 'not-held'
]]
--@include clock
--@include lease
--@include freed
--@include slots

local owner, token = ARGV[1], ARGV[2]
local mark = ' ' .. owner .. '\n'
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
