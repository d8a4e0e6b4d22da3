-- Each lease has `keysEach` keys, and as many arguments as every other. Calls `one(k, a, last, seen)` for each: its keys are those
-- after KEYS[k], its arguments those after ARGV[a] up to ARGV[last], and seen[k + 1] is what its first key holds, where that is a
-- string. One lease is answered as `one` does; of many, a failure is that of its lease alone, and {'failed', error} its reply.
local function each(keysEach, one)
  local seen = redis.call('MGET', unpack(KEYS))
  local count = #KEYS / keysEach
  if count == 1 then
    return one(0, 0, #ARGV, seen)
  end
  local argumentsEach = #ARGV / count
  local replies = {}
  local areWords = true
  for i = 0, count - 1 do
    local isDone, reply = pcall(one, i * keysEach, i * argumentsEach, (i + 1) * argumentsEach, seen)
    if not isDone then
      -- Before version 7 an error of Redis is text, after its place in the script, and as it goes over the wire.
      local text = type(reply) == 'table' and reply.err or tostring(reply)
      reply = { 'failed', string.match(text, '^@?user_script:%s*%d+:%s*%-?(.-)%s*$') or text }
    end
    areWords = areWords and type(reply) == 'string'
    replies[i + 1] = reply
  end
  -- Words are told in one text, one in a line, which is read at once.
  return areWords and table.concat(replies, '\n') or replies
end
