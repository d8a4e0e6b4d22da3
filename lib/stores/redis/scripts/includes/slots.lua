-- The Redis keys of one slot of a pool: its own lease, fence and data, in the Cluster slot of the pool, since they share its hash tag.
local function slotKey(poolKey, slot, part)
  return string.sub(poolKey, 1, -7) .. '/' .. integer(slot) .. ':' .. part
end

-- Calls `see(slot, leaseKey, text)` for each slot of a pool, from the `first` on and around, with what its lease key holds, where
-- that is a string. Ends when that returns something, and returns it.
local function eachSlot(poolKey, count, first, see)
  for from = 0, count - 1, 200 do
    local slots, leaseKeys = {}, {}
    for at = from, math.min(from + 200, count) - 1 do
      local slot = (first + at) % count
      slots[#slots + 1] = slot
      leaseKeys[#leaseKeys + 1] = slotKey(poolKey, slot, 'lease')
    end
    local texts = redis.call('MGET', unpack(leaseKeys))
    for i = 1, #slots do
      local found = see(slots[i], leaseKeys[i], texts[i])
      if found then
        return found
      end
    end
  end
  return nil
end
