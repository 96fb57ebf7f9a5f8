-- Writes of what users gave to clients, codes and refresh tokens, and of who was wrong. What is good for one use is used up in the step in which what
-- comes of it is kept.

-- Forgets what is over, so much with each call that it gets less.
local function sweep(name, before)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('ends', name), '-inf', before, 'LIMIT', 0, 1000)) do
    drop(name, id)
  end
end

-- The given token or code, unless what it refers to is gone.
local function keep_token()
  if is_dangling() then
    return { 'refused' }
  end
  keep()
  return { 'ok' }
end

-- Whether it was there to be used, and nobody had.
local function use(name, id)
  local record = record_key(name, id)
  if redis.call('HGET', record, 'is_used') ~= '0' then
    return false
  end
  redis.call('HSET', record, 'is_used', '1')
  return true
end

-- Of a user who is still as at the sign-in.
function calls.give()
  sweep(given.table, given.before)
  if redis.call('HGET', record_key('users', given.user), 'stamp') ~= given.signed_in then
    return { 'refused' }
  end
  return keep_token()
end

function calls.rotate()
  if not use('refresh_tokens', given.used) then
    return { 'refused' }
  end
  return keep_token()
end

function calls.redeem()
  if not use('authorization_codes', given.used) then
    drop_all('refresh_tokens', { family = given.family })
    return { 'refused' }
  end
  sweep('refresh_tokens', given.before)
  return given.key and keep_token() or { 'ok' }
end

function calls.revoke()
  return { 'ok', drop_all('refresh_tokens', columns) }
end

-- Somebody was wrong once more. Each failure is a member of its own, by the write's id.
function calls.fail()
  local failures = key(given.name)
  redis.call('ZADD', failures, given.at, ARGV[2])
  redis.call('ZREMRANGEBYRANK', failures, 0, -tonumber(given.most) - 1)
  redis.call('EXPIRE', failures, given.seconds)
  return { 'ok' }
end
