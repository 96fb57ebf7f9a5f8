-- Keeps that sessions of a token have ended. KEYS: the token's, a sorted set: session -> until when it is kept, in milliseconds.
--
-- ARGV: now, most sessions, what stands for all of them, milliseconds that Redis itself keeps them longer; then of each session its
-- end and its name.

local now, most, all, longer = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
local room = most - redis.call('ZCARD', KEYS[1]) + (redis.call('ZSCORE', KEYS[1], all) and 1 or 0)
for place = 5, #ARGV, 2 do
  local ends, session = ARGV[place], ARGV[place + 1]
  if tonumber(ends) > now and not redis.call('ZSCORE', KEYS[1], session) then
    local name = room > 0 and session or all
    redis.call('ZADD', KEYS[1], 'NX', ends, name)
    room = name == all and room or room - 1
  end
end
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if last then
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(last) + longer))
end
return redis.call('ZCARD', KEYS[1])
