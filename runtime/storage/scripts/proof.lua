-- Puts a proof of the master key in place of another. KEYS: where it lies; ARGV: the one that is there, and the new one; '' is none.

if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then
  if ARGV[2] == '' then
    redis.call('DEL', KEYS[1])
  else
    redis.call('SET', KEYS[1], ARGV[2])
  end
end
return 1
