--[[
Ends leases where owner and token match: at once, and tells those who wait; or keeps the key unavailable for a while. For one
lease, or for many:

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
     or {'corrupt', fact}
]]
--@include clock
--@include kept
--@include lease
--@include each

return each(2, function(KEYS, ARGV, seen)
  if not seen[1] then
    return 'not-held'
  end
  local lease = parseLease(seen[1])
  if not lease then
    return { 'corrupt', 'its lease cannot be read' }
  end
  if lease.state == 'kept' or lease.owner ~= ARGV[1] or (ARGV[2] ~= '' and lease.token ~= ARGV[2]) then
    return 'not-held'
  end
  local hasWrites = ARGV[5] and (ARGV[5] ~= 'keep' or #ARGV > 7)
  if hasWrites then
    -- Fails before anything is written, where this is no hash.
    redis.call('HLEN', KEYS[2])
  end

  -- A deletion comes first: where memory is short, Redis refuses what allocates unless the script has already written.
  local keepMs = tonumber(ARGV[3] or '0')
  redis.call('DEL', KEYS[1])
  if keepMs > 0 then
    redis.call('SET', KEYS[1], formatLease('kept', lease.token, lease.sequence, '', ''), 'PX', keepMs)
  end

  local isNewer = hasWrites and (ARGV[4] == '' or tonumber(ARGV[4]) > tonumber(lease.sequence))
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
end)
