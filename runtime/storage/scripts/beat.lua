-- Which processes are there. KEYS: a hash, process -> milliseconds of Redis's clock and how many listen there; the mark.
-- ARGV: this process, how many listen here or "" to leave, milliseconds after which one is gone, what the mark says. Answers
-- whether it was there, 0 or 1, and the others, and how many listen at each. A Redis that has lost the mark gets it again:
-- else nobody could open what those that are there go on to write.

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function parts(said)
  return string.match(said, '^(%d+) (%d+)$')
end

local function is_gone(at)
  return math.abs(now - at) > tonumber(ARGV[3])
end

local before = parts(redis.call('HGET', KEYS[1], ARGV[1]) or '')
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', now, ARGV[2]))
  redis.call('SET', KEYS[2], ARGV[4], 'NX')
end
local others = {}
local flat = redis.call('HGETALL', KEYS[1])
for place = 1, #flat, 2 do
  local at, listeners = parts(flat[place + 1])
  if is_gone(at) then
    redis.call('HDEL', KEYS[1], flat[place])
  elseif flat[place] ~= ARGV[1] then
    others[#others + 1] = { flat[place], tonumber(listeners) }
  end
end
return { before and not is_gone(before) and 1 or 0, others }
