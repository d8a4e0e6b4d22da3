-- Calls `one(keys, arguments, seen)` for each lease, which has `keysEach` keys and as many arguments as every other: `seen` is what
-- its keys held before, where that is a string. One lease is answered as `one` does; of many, a failure is that of its lease alone.
local function each(keysEach, one)
  local values = redis.call('MGET', unpack(KEYS))
  local count = #KEYS / keysEach
  if count == 1 then
    return one(KEYS, ARGV, values)
  end
  local argumentsEach = #ARGV / count
  local replies = {}
  local areWords = true
  for i = 0, count - 1 do
    local from, to = i * keysEach + 1, (i + 1) * keysEach
    local arguments = { unpack(ARGV, i * argumentsEach + 1, (i + 1) * argumentsEach) }
    local isDone, reply = pcall(one, { unpack(KEYS, from, to) }, arguments, { unpack(values, from, to) })
    if not isDone then
      -- Before version 7 an error of Redis is text that begins with its place in the script.
      local text = type(reply) == 'table' and reply.err or tostring(reply)
      reply = { 'failed', (string.gsub(text, '^@?user_script:%s*%d+:%s*', '')) }
    end
    areWords = areWords and type(reply) == 'string'
    replies[i + 1] = reply
  end
  -- Words are told in one text, one in a line, which is read at once.
  return areWords and table.concat(replies, '\n') or replies
end

local isThere = nil

-- Whether any lease has the nth of its keys: asked once for all of them, since most have nothing beside them.
local function existsForAny(keysEach, nth)
  if isThere == nil then
    local names = {}
    for i = nth, #KEYS, keysEach do
      names[#names + 1] = KEYS[i]
    end
    isThere = redis.call('EXISTS', unpack(names)) > 0
  end
  return isThere
end
