-- Who makes an answer. KEYS: the answer's. ARGV: this maker, milliseconds for which it is its, what counts as nothing there.
-- Answers what is there, nil where the answer is this maker's.

local there = redis.call('GET', KEYS[1])
if there and there ~= ARGV[1] and there ~= ARGV[3] then
  return there
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
