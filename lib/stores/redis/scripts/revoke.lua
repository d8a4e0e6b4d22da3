--[[
Takes grants away from their holders: refuses them further renewals, or frees the key at once. For one lease, or for many:

KEYS[1] lease; its name is also the channel on which waiters listen, or tells that of its pool

ARGV[1] token of the grant
ARGV[2] 1: free the key at once; 0: let the lease end at its expiry

Returns 'revoked'
     or 'not-found'
     or {'corrupt', fact}
]]
--@include lease
--@include freed
--@include each

return each(1, function(k, a)
  -- Not what was seen, which tells no other type from nothing.
  local text = redis.call('GET', KEYS[k + 1])
  local lease = text and parseLease(text)
  if lease == nil then
    return { 'corrupt', 'its lease cannot be read' }
  end
  if not lease or lease.token ~= ARGV[a + 1] then
    return 'not-found'
  end
  if ARGV[a + 2] == '1' then
    redis.call('DEL', KEYS[k + 1])
    tellFreed(KEYS[k + 1])
  elseif lease.state == 'held' then
    local leftMs = redis.call('PTTL', KEYS[k + 1])
    if leftMs == -1 then
      return { 'corrupt', 'its lease has no expiry' }
    end
    local revoked = formatLease('revoked', lease.token, lease.owner, lease.sequence, lease.holder)
    redis.call('SET', KEYS[k + 1], revoked, 'PX', math.max(1, leftMs))
  end
  return 'revoked'
end)
