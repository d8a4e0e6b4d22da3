-- The token that follows what the counter of a key holds; nothing where that is no safe integer.
local function nextToken(counter)
  local lastToken = not counter and 0 or string.match(counter, '^%d+$') and tonumber(counter)
  if not lastToken or lastToken >= 9007199254740991 then
    return nil
  end
  return math.max(lastToken + 1, nowMicros())
end

-- Writes a lease where there is none, and counts its token. Returns nothing, or why that cannot be: then nothing is written.
local function putLease(leaseKey, fenceKey, counter, number, ttl, lease)
  -- What is there, and was not seen, is no string.
  if not redis.call('SET', leaseKey, lease, 'PX', ttl, 'NX') then
    return 'the Redis key of its lease holds a value of another type'
  end
  local lifeMs = counterLifeMs(number, nowMicros(), tonumber(ttl))
  if not redis.call('SET', fenceKey, integer(number), 'PX', lifeMs, counter and 'XX' or 'NX') then
    redis.call('DEL', leaseKey)
    return 'the Redis key of its counter holds a value of another type'
  end
  return nil
end

-- What a lease that its owner asks for again has beside it; its TTL runs anew, and never ends sooner than before.
local function rearm(leaseKey, dataKey, leftMs, ttl)
  local kept = readKept(dataKey)
  if leftMs < tonumber(ttl) then
    redis.call('PEXPIRE', leaseKey, ttl)
  end
  return kept
end
