-- How many there are of each kind. ARGV after those of filter.lua: where to end, seconds of a stretch.

local step = tonumber(ARGV[13])
local counts, kinds = {}, {}
local following = each_wanted(ARGV[12], function(_, _, at, duration, its_decision, its_outcome)
  local stretch = math.floor((at - since) / step)
  local kind = string.format('%d %s %s %d', stretch, its_decision, its_outcome, duration)
  if not counts[kind] then
    counts[kind] = 0
    kinds[#kinds + 1] = kind
  end
  counts[kind] = counts[kind] + 1
  return false
end)
local rows = {}
for number, kind in ipairs(kinds) do
  rows[number] = { kind, counts[kind] }
end
return { rows, following }
