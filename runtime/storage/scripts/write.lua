-- The one place that all writes of hooks, secrets and documents pass.
--
-- A connection that breaks leaves its caller in doubt, who then asks again under the same id: what was done is answered, not
-- done twice. `patience` are the seconds in which they may.

-- A reply is what the call answered, and the number of the last change that it made, 0 for none: nodes follow the stream `changes`
-- (redis_peers), whose ids are numbers without a gap. Who was away for longer than it goes back asks for everything anew.

local once = key('once', ARGV[2])
local answered = redis.call('GET', once)
if answered then
  return cmsgpack.unpack(answered)
end
local reply, number = calls[ARGV[1]](), 0
if reply[1] == 'ok' then
  for trigger in pairs(touched) do
    number = redis.call('INCR', key('changes.number'))
    redis.call(
      'XADD', key('changes'), 'MAXLEN', '=', '1000', number .. '-0',
      'tenant', tenant, 'trigger', trigger, 'write', ARGV[2]
    )
  end
  redis.call('SET', once, cmsgpack.pack({ reply, number }), 'EX', tonumber(given.patience) + 5)
end
return { reply, number }
