-- The one place that all writes pass.
--
-- A connection that breaks leaves its caller in doubt, who then asks again under the same id: what was done is answered, not
-- done twice. `patience` are the seconds in which they may.
--
-- A Redis that has lost everything gets the `mark` again, which says whose all is: else nobody could open what is written from then on.

local once = key('once', ARGV[2])
local answered = redis.call('GET', once)
if answered then
  return cmsgpack.unpack(answered)
end
-- Whoever reads everything sees by it whether all was of one moment.
redis.call('INCR', key('writes'))
redis.call('SET', key('format'), given.mark, 'NX')
local reply = calls[ARGV[1]]()
redis.call('SET', once, cmsgpack.pack(reply), 'EX', tonumber(given.patience) + 5)
return reply
