-- Removes a tenant's oldest records. ARGV: those from before this time, and all but so many, and but so many bytes; how many at once.
-- Answers how many went, and whether any are left.

local older_than, most, most_bytes, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local count, bytes = redis.call('ZCARD', index), tonumber(redis.call('GET', size) or '0')
local places, gone = {}, 0
for _, member in ipairs(redis.call('ZRANGE', index, 0, limit - 1)) do
  local at, its_bytes = numbers_of(member)
  if at >= older_than and count <= most and bytes <= most_bytes then
    break
  end
  local _, _, place = words_of(member)
  places[#places + 1] = place
  count = count - 1
  bytes = bytes - its_bytes
  gone = gone + its_bytes
end
if #places > 0 then
  redis.call('XDEL', stream, unpack(places))
  redis.call('ZREMRANGEBYRANK', index, 0, #places - 1)
  redis.call('DECRBY', size, gone)
end
return { #places, count }
