-- Keeps records of executions of one tenant. ARGV: of each its id, the rest of its line in the index but for the place, the record.
-- One that is there already stays as it is. Answers the first and the last place of them in the stream: those that are written together
-- lie together, also when they are written again because an answer was lost.

local stream, index, size = KEYS[1], KEYS[2], KEYS[3]
local added, first, last = 0
for place = 1, #ARGV, 3 do
  local id, line, record = ARGV[place], ARGV[place + 1], ARGV[place + 2]
  local there = redis.call('ZRANGEBYLEX', index, '[' .. id, '[' .. id .. '\255', 'LIMIT', 0, 1)[1]
  if there then
    last = string.match(there, '%S+$')
  else
    last = redis.call('XADD', stream, '*', 'record', record)
    redis.call('ZADD', index, 0, id .. line .. last)
    added = added + #record
  end
  first = first or last
end
if added > 0 then
  redis.call('INCRBY', size, added)
end
return { first, last }
