-- A lease is a string: its state (held, revoked, or kept after a release that keeps the key), its token, its owner, who has no line
-- end in his name; and in a second line the sequence of the last writes beside it, and the holder as JSON. Its key expires when
-- the lease does.

local function formatLease(state, token, owner, sequence, holder)
  return state .. ' ' .. token .. ' ' .. owner .. '\n' .. sequence .. ' ' .. holder
end

-- Nothing where it cannot be read.
local function parseLease(text)
  local state, token, owner, sequence, holder = string.match(text, '^(%l+) (%d+) ([^\n]*)\n(%d+) (.*)$')
  if not state then
    return nil
  end
  return { state = state, token = token, owner = owner, sequence = sequence, holder = holder }
end

-- Whether it is held by this owner with this token: the common case, found without reading the rest.
local function isHeldBy(text, owner, token)
  return string.find(text, 'held ' .. token .. ' ' .. owner .. '\n', 1, true) == 1
end
