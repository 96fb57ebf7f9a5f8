-- Changes what a tenant's Actions of one trigger keep for a while. KEYS[1] is a hash: key -> number, end, size, sealed value.
--
-- ARGV: now, most entries, most bytes, milliseconds that Redis itself keeps it longer; then of each change the key, its end (""
-- to delete), its size and its sealed value.

local now, most, most_bytes, longer = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local entries, count, bytes, newest = {}, 0, 0, 0

local function drop(name)
  if entries[name] then
    count = count - 1
    bytes = bytes - entries[name].size
    entries[name] = nil
    redis.call('HDEL', KEYS[1], name)
  end
end

local flat = redis.call('HGETALL', KEYS[1])
for place = 1, #flat, 2 do
  local number, expires, size = struct.unpack('>ddd', flat[place + 1])
  entries[flat[place]] = { expires = expires, size = size }
  count = count + 1
  bytes = bytes + size
  newest = math.max(newest, number)
end
for name, entry in pairs(entries) do
  if entry.expires <= now then
    drop(name)
  end
end

for place = 5, #ARGV, 4 do
  local name, expires, size, sealed = ARGV[place], tonumber(ARGV[place + 1]), tonumber(ARGV[place + 2]), ARGV[place + 3]
  drop(name)
  if expires and expires > now and count < most and bytes + size <= most_bytes then
    newest = newest + 1
    redis.call('HSET', KEYS[1], name, struct.pack('>ddd', newest, expires, size) .. sealed)
    entries[name] = { expires = expires, size = size }
    count = count + 1
    bytes = bytes + size
  end
end

local last = now
for _, entry in pairs(entries) do
  last = math.max(last, entry.expires)
end
redis.call('PEXPIRE', KEYS[1], math.ceil(last - now + longer))
return count
