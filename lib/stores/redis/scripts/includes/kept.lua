-- What is kept beside a lease is a hash: `data`, `kind` (text, bytes), `expires` (ms of the server's clock), and one
-- field `a:<name>` per attribute.

-- The hash as a flat list, without data that has expired.
local function readKept(key)
  local fields = redis.call('HGETALL', key)
  local expires = nil
  for i = 1, #fields, 2 do
    if fields[i] == 'expires' then
      expires = tonumber(fields[i + 1]) or 0
    end
  end
  if not expires then
    return fields
  end
  local isExpired = expires <= math.floor(nowMicros() / 1000)
  local live = {}
  for i = 1, #fields, 2 do
    local name = fields[i]
    if string.sub(name, 1, 2) == 'a:' or (not isExpired and name ~= 'expires') then
      live[#live + 1] = name
      live[#live + 1] = fields[i + 1]
    end
  end
  return live
end

-- kind: 'keep', 'delete', 'text' or 'bytes'; attributes: names and values in turn, from ARGV[first] to ARGV[last].
local function writeKept(key, kind, data, dataTtlMs, first, last)
  if kind == 'keep' and last < first then
    return
  end
  if kind == 'delete' then
    redis.call('HDEL', key, 'data', 'kind', 'expires')
  elseif kind ~= 'keep' then
    redis.call('HSET', key, 'data', data, 'kind', kind)
    if dataTtlMs == '' then
      redis.call('HDEL', key, 'expires')
    else
      redis.call('HSET', key, 'expires', integer(math.floor(nowMicros() / 1000) + tonumber(dataTtlMs)))
    end
  end
  for i = first, last, 2 do
    redis.call('HSET', key, 'a:' .. ARGV[i], ARGV[i + 1])
  end
  -- Data that expires takes its key along, unless attributes share it; a damaged time must not fail the script half way.
  local expires = redis.call('HGET', key, 'expires')
  if expires and string.match(expires, '^%d+$') and #expires < 16 and redis.call('HLEN', key) == 3 then
    redis.call('PEXPIREAT', key, expires)
  else
    redis.call('PERSIST', key)
  end
end
