-- Whole numbers as text; tostring() would round them to 14 digits.
local function integer(number)
  return string.format('%.0f', number)
end

local startedUs = nil

-- The server's time in whole microseconds, the same throughout a script; below 2^53 for another two centuries.
local function nowMicros()
  if not startedUs then
    local time = redis.call('TIME')
    startedUs = tonumber(time[1]) * 1000000 + tonumber(time[2])
  end
  return startedUs
end
