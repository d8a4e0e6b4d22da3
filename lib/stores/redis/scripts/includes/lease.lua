-- A lease is a string: its state (held, revoked, or kept after a release that keeps the key), its token, the sequence of the
-- last writes beside it, the length of its owner, the owner, and the holder as JSON, as in
-- 'held 1796025600000000 0 3 ann {"host":"a"}'. Its key expires when the lease does.

local function formatLease(state, token, sequence, owner, holder)
  return table.concat({ state, token, sequence, #owner, owner, holder }, ' ')
end

-- Nothing where it cannot be read.
local function parseLease(text)
  local state, token, sequence, length, start = string.match(text, '^(%l+) (%d+) (%d+) (%d+) ()')
  if not state then
    return nil
  end
  local last = start + length - 1
  return {
    state = state,
    token = token,
    sequence = sequence,
    owner = string.sub(text, start, last),
    holder = string.sub(text, last + 2),
  }
end
