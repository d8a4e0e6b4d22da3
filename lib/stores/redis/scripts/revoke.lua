--[[
Takes a grant away from its holder: refuses it further renewals, or frees the key at once.

KEYS[1] lease; its name is also the channel on which waiters listen

ARGV[1] token of the grant
ARGV[2] 1: free the key at once; 0: let the lease end at its expiry

Returns 'revoked'
     or 'not-found'
]]
local lease = redis.call('HMGET', KEYS[1], 'token', 'state')
if lease[1] ~= ARGV[1] then
  return 'not-found'
end
if ARGV[2] == '1' then
  redis.call('DEL', KEYS[1])
  -- Without the right to publish, waiters poll; the key is free all the same.
  redis.pcall('PUBLISH', KEYS[1], 'freed')
elseif lease[2] == '' then
  redis.call('HSET', KEYS[1], 'state', 'revoked')
end
return 'revoked'
