local isAnythingKept = nil

-- Most leases have nothing beside them: asked once for all of them.
local function mayHaveKept()
  if isAnythingKept == nil then
    local names = {}
    for i = 3, #KEYS, 3 do
      names[#names + 1] = KEYS[i]
    end
    isAnythingKept = redis.call('EXISTS', unpack(names)) > 0
  end
  return isAnythingKept
end
