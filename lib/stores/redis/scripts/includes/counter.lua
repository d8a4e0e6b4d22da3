-- How long the counter of a key must live, in ms: a day longer than the lease, and than the token is ahead of the clock.
local function counterLifeMs(token, nowUs, ttlMs)
  return integer(math.ceil(math.max(ttlMs, (token - nowUs) / 1000)) + 86400000)
end
