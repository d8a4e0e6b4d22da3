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
--@include grant
--@include each
--@include anything-kept

return each(3, function(k, a, last, seen)
  if seen[k + 1] then
    local lease = parseLease(seen[k + 1])
    local leftMs = redis.call('PTTL', KEYS[k + 1])
    if not lease then
      return { 'corrupt', 'its lease cannot be read' }
    end
    if leftMs == -1 then
      return { 'corrupt', 'its lease has no expiry' }
    end
    if lease.owner ~= ARGV[a + 1] or lease.state ~= 'held' then
      return { 'held', lease.owner, lease.holder, leftMs }
    end
    return { 'granted', lease.token, rearm(KEYS[k + 1], KEYS[k + 3], leftMs, ARGV[a + 2]) }
  end

  local counter = seen[k + 2]
  local number = nextToken(counter)
  if not number then
    return { 'corrupt', 'its counter is not a safe integer' }
  end
  -- Read, and found sound, before anything is written.
  local kept = mayHaveKept() and readKept(KEYS[k + 3]) or {}
  if last > a + 3 and ARGV[a + 4] == '1' and redis.call('HLEN', KEYS[k + 3]) == 0 then
    return 'absent'
  end

  local token = integer(number)
  local lease = formatLease('held', token, ARGV[a + 1], '0', ARGV[a + 3])
  local problem = putLease(KEYS[k + 1], KEYS[k + 2], counter, number, ARGV[a + 2], lease)
  if problem then
    return { 'corrupt', problem }
  end
  if last > a + 4 then
    writeKept(KEYS[k + 3], ARGV[a + 5], ARGV[a + 6], ARGV[a + 7], a + 8, last)
    kept = readKept(KEYS[k + 3])
  end
  if #kept == 0 then
    return 'granted ' .. token
  end
  return { 'granted', token, kept }
end)
