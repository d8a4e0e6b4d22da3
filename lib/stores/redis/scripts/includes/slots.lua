-- The Redis keys of one slot of a pool: its own lease, fence and data, in the Cluster slot of the pool, since they share its hash tag.
local function slotKey(poolKey, slot, part)
  return string.sub(poolKey, 1, -7) .. string.format('/%.0f:', slot) .. part
end

-- Calls `see(slot, leaseKey, text)` for each slot of a pool, from the `first` on and around, with what its lease key holds, where
-- that is a string. Ends when that returns something, and returns it.
local function eachSlot(poolKey, count, first, see)
  local head, format = string.sub(poolKey, 1, -7), string.format
  for from = first, first + count - 1, 200 do
    local leaseKeys = {}
    local size = math.min(200, first + count - from)
    for i = 1, size do
      leaseKeys[i] = head .. format('/%.0f:lease', (from + i - 1) % count)
    end
    local texts = redis.call('MGET', unpack(leaseKeys))
    for i = 1, size do
      local found = see((from + i - 1) % count, leaseKeys[i], texts[i])
      if found then
        return found
      end
    end
  end
  return nil
end
