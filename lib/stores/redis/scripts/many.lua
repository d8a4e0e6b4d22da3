--[[
Runs another script for many leases. It comes after `local keysEach = …`, the number of that script's keys, and
`local function one(KEYS, ARGV) … end`, the script itself. What fails for one lease fails for that one alone.

KEYS[1...] the keys of each lease, one lease after the other

ARGV[1...] the arguments of each, as many for the one as for the other

Returns the replies, one in a line, where all are words
     or a list of them; {'failed', error} in the place of an error
]]
local function attempt(keys, arguments)
  local isDone, reply = pcall(one, keys, arguments)
  if isDone then
    return reply
  end
  -- Before version 7 an error of Redis is text that begins with its place in the script.
  local text = type(reply) == 'table' and reply.err or tostring(reply)
  return { 'failed', (string.gsub(text, '^@?user_script:%s*%d+:%s*', '')) }
end

local argsEach = #ARGV / (#KEYS / keysEach)
local replies = {}
local areWords = true
for i = 0, #KEYS / keysEach - 1 do
  local keys = { unpack(KEYS, i * keysEach + 1, (i + 1) * keysEach) }
  local reply = attempt(keys, { unpack(ARGV, i * argsEach + 1, (i + 1) * argsEach) })
  areWords = areWords and type(reply) == 'string'
  replies[#replies + 1] = reply
end
if areWords then
  return table.concat(replies, '\n')
end
return replies
