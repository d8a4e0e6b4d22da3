--[[
The restart guard. Where it is on, it comes before acquire.lua and acquire-slot.lua, after a line `local maxTtlMs = …`: until this server has
been up for longer than any lease lives, a lease from before its start may still be held. It is looked at with each
acquire, by the very process that would grant: before Redis 7, a restarted server finds its scripts in the AOF or the dump.

Returns {'not-yet', ms left}; nothing where granting is safe
]]
do
  -- Both ends of the uptime are cut to whole seconds, so it may be ahead of the truth by almost one second.
  local uptimeS = tonumber(string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%-?%d+)')) or 0
  local waitMs = maxTtlMs - (uptimeS - 1) * 1000
  if waitMs > 0 then
    return { 'not-yet', waitMs }
  end
end
