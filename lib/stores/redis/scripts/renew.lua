--[[
Starts the TTL of leases anew; never shortens it. Does nothing unless owner and token match and the lease is neither
released nor revoked. For one lease, or for many:

KEYS[1] lease
KEYS[2] fence
KEYS[3] data

ARGV[1] owner
ARGV[2] token
ARGV[3] TTL in ms
ARGV[4] sequence of these writes, or '' to write in any case; not above the last one applied: nothing is written; may be left out,
        as all that follow
ARGV[5] kind of data: keep, delete, text or bytes
ARGV[6] data
ARGV[7] TTL of the data in ms, or ''
ARGV[8...] attributes: name, value as JSON, ...

Returns 'renewed'
     or 'not-held'
     or {'corrupt', fact}
]]
--@include clock
--@include counter
--@include kept
--@include lease
--@include each

return each(3, function(k, a, last, seen)
  if not seen[k + 1] then
    return 'not-held'
  end
  local owner, token = ARGV[a + 1], ARGV[a + 2]
  if not isHeldBy(seen[k + 1], owner, token) then
    if parseLease(seen[k + 1]) then
      return 'not-held'
    end
    return { 'corrupt', 'its lease cannot be read' }
  end
  local hasWrites = last > a + 4 and (ARGV[a + 5] ~= 'keep' or last > a + 7)
  if hasWrites then
    -- Fails before anything is written, where this is no hash.
    redis.call('HLEN', KEYS[k + 3])
  end

  local ttlMs = tonumber(ARGV[a + 3])
  local leftMs = redis.call('PTTL', KEYS[k + 1])
  if leftMs < ttlMs then
    redis.call('PEXPIRE', KEYS[k + 1], ARGV[a + 3])
  end
  -- The counter must outlive the lease. It was written when the token was given, for a day and more.
  if not seen[k + 2] or nowMicros() - tonumber(token) > (86400000 - ttlMs) / 2 * 1000 then
    redis.call('SET', KEYS[k + 2], token, 'PX', counterLifeMs(tonumber(token), nowMicros(), ttlMs))
  end

  if hasWrites then
    local lease = parseLease(seen[k + 1])
    local sequence = ARGV[a + 4]
    local isNewer = sequence == '' or tonumber(sequence) > tonumber(lease.sequence)
    if isNewer and sequence ~= '' then
      local text = formatLease('held', token, owner, sequence, lease.holder)
      redis.call('SET', KEYS[k + 1], text, 'PX', math.max(leftMs, ttlMs))
    end
    if isNewer then
      writeKept(KEYS[k + 3], ARGV[a + 5], ARGV[a + 6], ARGV[a + 7], a + 8, last)
    end
  end
  return 'renewed'
end)
