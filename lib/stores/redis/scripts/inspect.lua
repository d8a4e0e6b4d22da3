--[[
Tells what is kept under keys. Writes nothing. For one lease, or for many:

KEYS[1] lease
KEYS[2] data

Returns {'lease', owner or '', token, holder or '', ms left, flat list of what is kept}
     or {'free', flat list of what is kept}
     or {'corrupt', fact}
]]
--@include clock
--@include kept
--@include lease
--@include each

return each(2, function(k)
  -- Not what was seen, which tells no other type from nothing.
  local text = redis.call('GET', KEYS[k + 1])
  local kept = readKept(KEYS[k + 2])
  if not text then
    return { 'free', kept }
  end
  local lease = parseLease(text)
  if not lease then
    return { 'corrupt', 'its lease cannot be read' }
  end
  local leftMs = redis.call('PTTL', KEYS[k + 1])
  if leftMs == -1 then
    return { 'corrupt', 'its lease has no expiry' }
  end
  return { 'lease', lease.owner, lease.token, lease.holder, leftMs, kept }
end)
