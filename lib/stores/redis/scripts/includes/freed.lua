-- Tells those who wait for a key. Slots of a pool, whose names go on after the hash tag, share the channel of their pool. Without the
-- right to publish, waiters poll; the key is free all the same.
local function tellFreed(leaseKey)
  local channel = string.sub(leaseKey, -7) == '}:lease' and leaseKey or string.gsub(leaseKey, '/%d+:lease$', ':lease')
  redis.pcall('PUBLISH', channel, 'freed')
end
