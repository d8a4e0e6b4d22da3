--[[
Ends leases where owner and token match: at once, and tells those who wait; or keeps the key unavailable for a while. For one
lease, or for many:

KEYS[1] lease; its name is also the channel on which waiters listen, or tells that of its pool
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
     or {'corrupt', fact}
]]
--@include clock
--@include kept
--@include lease
--@include freed
--@include each

return each(2, function(k, a, last, seen)
  if not seen[k + 1] then
    return 'not-held'
  end
  local owner, token = ARGV[a + 1], ARGV[a + 2]
  local hasWrites = last > a + 4 and (ARGV[a + 5] ~= 'keep' or last > a + 7)
  local lease = nil
  if last > a + 2 or not isHeldBy(seen[k + 1], owner, token) then
    lease = parseLease(seen[k + 1])
    if not lease then
      return { 'corrupt', 'its lease cannot be read' }
    end
    if lease.state == 'kept' or lease.owner ~= owner or (token ~= '' and lease.token ~= token) then
      return 'not-held'
    end
  end
  if hasWrites then
    -- Fails before anything is written, where this is no hash.
    redis.call('HLEN', KEYS[k + 2])
  end

  -- A deletion comes first: where memory is short, Redis refuses what allocates unless the script has already written.
  local keepMs = last > a + 2 and tonumber(ARGV[a + 3]) or 0
  redis.call('DEL', KEYS[k + 1])
  if keepMs > 0 then
    redis.call('SET', KEYS[k + 1], formatLease('kept', lease.token, '', lease.sequence, ''), 'PX', keepMs)
  end

  local isNewer = hasWrites and (ARGV[a + 4] == '' or tonumber(ARGV[a + 4]) > tonumber(lease.sequence))
  if isNewer then
    writeKept(KEYS[k + 2], ARGV[a + 5], ARGV[a + 6], ARGV[a + 7], a + 8, last)
  end
  if keepMs <= 0 then
    tellFreed(KEYS[k + 1])
  end
  return 'released'
end)
