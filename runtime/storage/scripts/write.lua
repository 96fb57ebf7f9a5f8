-- The one place that all writes of hooks, secrets and documents pass.
--
-- A connection that breaks leaves its caller in doubt, who then asks again under the same id: what was done is answered, not
-- done twice. `patience` are the seconds in which they may. `known` is the number of the newest change that the caller ever knew: a
-- Redis that has lost changes goes on from there, for who has heard those would take new ones under their numbers for them.

-- A reply is what the call answered, and which changes it made: the number of the last one, 0 for none, the write before them, and
-- the trigger of each. Nodes follow the stream `changes` (redis_changes), whose ids are numbers, without a gap unless some were lost;
-- each change names the write before it. Who was away for longer than it goes back asks for everything anew.

local function newest_write()
  local newest = redis.call('XREVRANGE', key('changes'), '+', '-', 'COUNT', 1)[1]
  local fields = newest and newest[2] or {}
  for place = 1, #fields, 2 do
    if fields[place] == 'write' then
      return fields[place + 1]
    end
  end
  return ''
end

local once = key('once', ARGV[2])
local answered = redis.call('GET', once)
if answered then
  return cmsgpack.unpack(answered)
end
local reply, number, after, triggers = calls[ARGV[1]](), 0, '', {}
if reply[1] == 'ok' then
  after = newest_write()
  local before = after
  local known = tonumber(given.known or 0)
  if next(touched) and tonumber(redis.call('GET', key('changes.number')) or 0) < known then
    redis.call('SET', key('changes.number'), given.known)
  end
  for trigger in pairs(touched) do
    number = redis.call('INCR', key('changes.number'))
    redis.call(
      'XADD', key('changes'), 'MAXLEN', '=', '1000', number .. '-0',
      'tenant', tenant, 'trigger', trigger, 'write', ARGV[2], 'after', before
    )
    before = ARGV[2]
    triggers[#triggers + 1] = trigger
  end
  redis.call('SET', once, cmsgpack.pack({ reply, number, after, triggers }), 'EX', tonumber(given.patience) + 5)
end
return { reply, number, after, triggers }
