-- No answer of this maker will come. KEYS: the answer's. ARGV: the maker.

if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 1
