-- One record by its id (ARGV), or nil.

local member = redis.call('ZRANGEBYLEX', index, '[' .. ARGV[1], '[' .. ARGV[1] .. '\255', 'LIMIT', 0, 1)[1]
local _, _, place = words_of(member or '')
local entry = place and redis.call('XRANGE', stream, place, place)[1]
return entry and entry[2][2]
