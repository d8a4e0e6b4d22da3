--[[
Runs another script for many leases, whose keys share a slot. It comes after `local keysEach = …`, the number of that script's
keys, and `local function one(KEYS, ARGV) … end`, the script itself. What fails for one lease fails for that one alone.

KEYS[1...] the keys of each lease, one lease after the other

ARGV[1...] for each lease the number of its arguments, then these

Returns {'failed', error} in the place of a reply that is an error
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

local replies = {}
local at = 1
for first = 1, #KEYS, keysEach do
  local last = at + tonumber(ARGV[at])
  replies[#replies + 1] =
    attempt({ unpack(KEYS, first, first + keysEach - 1) }, { unpack(ARGV, at + 1, last) })
  at = last + 1
end
return replies
