-- Takes tokens from a bucket. KEYS: the bucket's, a string: what was left in it, and when, in microseconds of Redis's clock.
-- ARGV: tokens per second, most that it holds, how many are wanted. Answers how many there are for the caller, and the
-- microseconds until there is another one, 0 where there are as many as were wanted.
--
-- A call that comes a second time takes other tokens: fewer pass then, never more.

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local rate, burst, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local left, since = burst, now
local there = redis.call('GET', KEYS[1])
if there then
  left, since = struct.unpack('>dd', there)
end
-- A clock that was set back gives nothing.
left = math.min(burst, left + math.max(0, now - since) / 1000000 * rate)
local taken = math.min(want, math.floor(left))
left = left - taken

-- Where nothing is taken, what stands there says the same. But not of a clock that was set back: from then on it counts anew.
if taken > 0 or now < since then
  local full = math.ceil((burst - left) / rate * 1000) + 1
  redis.call('SET', KEYS[1], struct.pack('>dd', left, now), 'PX', string.format('%.0f', full))
end
return { taken, taken < want and math.ceil((1 - left) / rate * 1000000) or 0 }
