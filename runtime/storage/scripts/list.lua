-- Records, newest first. ARGV after those of filter.lua: where to end, how many records, how many bytes of them.

local limit, room = tonumber(ARGV[13]), tonumber(ARGV[14])
local records = {}
local following = each_wanted(ARGV[12], function(place, bytes)
  local entry = redis.call('XRANGE', stream, place, place)[1]
  if entry then
    records[#records + 1] = entry[2][2]
    room = room - bytes
  end
  return #records >= limit or room <= 0
end)
return { records, following }
