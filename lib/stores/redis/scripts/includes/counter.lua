local lives = {}

-- How long the counter of a key must live, in ms: a day longer than the lease, and than the token is ahead of the clock.
local function counterLifeMs(token, nowUs, ttlMs)
  if token > nowUs then
    return math.ceil(math.max(tonumber(ttlMs), (token - nowUs) / 1000)) + 86400000
  end
  -- As text, and once for all that have the same TTL: numbers are slow to write.
  lives[ttlMs] = lives[ttlMs] or integer(ttlMs + 86400000)
  return lives[ttlMs]
end
