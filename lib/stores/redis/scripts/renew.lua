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

return each(3, function(KEYS, ARGV, seen)
  if not seen[1] then
    return 'not-held'
  end
  local lease = parseLease(seen[1])
  if not lease then
    return { 'corrupt', 'its lease cannot be read' }
  end
  if lease.owner ~= ARGV[1] or lease.token ~= ARGV[2] or lease.state ~= 'held' then
    return 'not-held'
  end
  local hasWrites = ARGV[5] and (ARGV[5] ~= 'keep' or #ARGV > 7)
  if hasWrites then
    -- Fails before anything is written, where this is no hash.
    redis.call('HLEN', KEYS[3])
  end

  local ttlMs = tonumber(ARGV[3])
  local leftMs = redis.call('PTTL', KEYS[1])
  if leftMs < ttlMs then
    redis.call('PEXPIRE', KEYS[1], ttlMs)
  end
  -- The counter must outlive the lease. It was written when the token was given, for a day and more.
  local token = tonumber(lease.token)
  if nowMicros() - token > (86400000 - ttlMs) / 2 * 1000 then
    redis.call('SET', KEYS[2], lease.token, 'PX', counterLifeMs(token, nowMicros(), ttlMs))
  end

  local isNewer = hasWrites and (ARGV[4] == '' or tonumber(ARGV[4]) > tonumber(lease.sequence))
  if isNewer then
    if ARGV[4] ~= '' then
      local text = formatLease(lease.state, lease.token, ARGV[4], lease.owner, lease.holder)
      redis.call('SET', KEYS[1], text, 'PX', math.max(leftMs, ttlMs))
    end
    local attributes = {}
    for i = 8, #ARGV do
      attributes[#attributes + 1] = ARGV[i]
    end
    writeKept(KEYS[3], ARGV[5], ARGV[6], ARGV[7], attributes)
  end
  return 'renewed'
end)
