--[[
Grants keys that are free. Asked again by the owner that holds a key, grants again: same token, TTL anew (never shorter),
nothing else written. For one lease, or for many:

KEYS[1] lease: a string (includes/lease.lua) that expires with it
KEYS[2] fence: the last token granted; expires a day after it can matter
KEYS[3] data: hash of what is kept beside the lease

ARGV[1] owner
ARGV[2] TTL in ms
ARGV[3] holder as JSON, or ''
ARGV[4] '1' where only a key beside which something is kept may be granted, or ''; may be left out, as all that follow
ARGV[5] kind of data: keep, delete, text or bytes
ARGV[6] data
ARGV[7] TTL of the data in ms, or ''
ARGV[8...] attributes: name, value as JSON, ...

Returns 'granted <token>' where the key was free and nothing is kept
     or {'granted', token, flat list of what is kept}
     or {'held', owner or '', holder or '', ms left}
     or 'absent'
     or {'corrupt', fact}
]]
--@include clock
--@include counter
--@include kept
--@include lease
--@include each

return each(3, function(KEYS, ARGV, seen)
  local ttlMs = tonumber(ARGV[2])
  if seen[1] then
    local lease = parseLease(seen[1])
    local leftMs = redis.call('PTTL', KEYS[1])
    if not lease then
      return { 'corrupt', 'its lease cannot be read' }
    end
    if leftMs == -1 then
      return { 'corrupt', 'its lease has no expiry' }
    end
    if lease.owner ~= ARGV[1] or lease.state ~= 'held' then
      return { 'held', lease.owner, lease.holder, leftMs }
    end
    local kept = readKept(KEYS[3])
    if leftMs < ttlMs then
      redis.call('PEXPIRE', KEYS[1], ttlMs)
    end
    return { 'granted', lease.token, kept }
  end

  local lastToken = string.match(seen[2] or '0', '^%d+$') and tonumber(seen[2] or '0')
  if not lastToken or lastToken >= 9007199254740991 then
    return { 'corrupt', 'its counter is not a safe integer' }
  end
  -- Read, and found sound, before anything is written.
  local kept = existsForAny(3, 3) and readKept(KEYS[3]) or {}
  if ARGV[4] == '1' and redis.call('HLEN', KEYS[3]) == 0 then
    return 'absent'
  end

  local nowUs = nowMicros()
  local token = integer(math.max(lastToken + 1, nowUs))
  local lease = formatLease('held', token, 0, ARGV[1], ARGV[3])
  -- What is there, and was not seen, is no string.
  if not redis.call('SET', KEYS[1], lease, 'PX', ARGV[2], 'NX') then
    return { 'corrupt', 'the Redis key of its lease holds a value of another type' }
  end
  local lifeMs = counterLifeMs(tonumber(token), nowUs, ttlMs)
  if not redis.call('SET', KEYS[2], token, 'PX', lifeMs, seen[2] and 'XX' or 'NX') then
    redis.call('DEL', KEYS[1])
    return { 'corrupt', 'the Redis key of its counter holds a value of another type' }
  end
  if ARGV[5] then
    local attributes = {}
    for i = 8, #ARGV do
      attributes[#attributes + 1] = ARGV[i]
    end
    writeKept(KEYS[3], ARGV[5], ARGV[6], ARGV[7], attributes)
    kept = readKept(KEYS[3])
  end
  if #kept == 0 then
    return 'granted ' .. token
  end
  return { 'granted', token, kept }
end)
