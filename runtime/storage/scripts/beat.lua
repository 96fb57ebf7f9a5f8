-- Which processes are there. KEYS: a hash, process -> milliseconds of Redis's clock and how many listen there.
-- ARGV: this process, how many listen here or "" to leave, milliseconds after which one is gone. Answers the others, and how many listen.

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', now, ARGV[2]))
end
local others = {}
local flat = redis.call('HGETALL', KEYS[1])
for place = 1, #flat, 2 do
  local at, listeners = string.match(flat[place + 1], '^(%d+) (%d+)$')
  if math.abs(now - at) > tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], flat[place])
  elseif flat[place] ~= ARGV[1] then
    others[#others + 1] = { flat[place], tonumber(listeners) }
  end
end
return others
