-- Writes of a hook's secrets, and of the document that it keeps.

local function trigger_of_hook()
  return redis.call('HGET', of_hook('hook', hook_id), 'trigger')
end

function calls.add_secrets()
  local trigger, there = trigger_of_hook(), of_hook('secrets', hook_id)
  if not trigger then
    return { 'absent' }
  end
  local would = redis.call('HLEN', there)
  for name in pairs(secrets) do
    if redis.call('HEXISTS', there, name) == 1 then
      return { 'secret taken' }
    end
    would = would + 1
  end
  if would > tonumber(given.most) then
    return { 'too many secrets', would }
  end
  touch(trigger)
  put_secrets(hook_id)
  return { 'ok' }
end

function calls.update_secrets()
  local trigger = trigger_of_hook()
  if not trigger then
    return { 'absent' }
  end
  for name in pairs(secrets) do
    if redis.call('HEXISTS', of_hook('secrets', hook_id), name) == 0 then
      return { 'no secret' }
    end
  end
  touch(trigger)
  put_secrets(hook_id)
  return { 'ok' }
end

function calls.delete_secrets()
  local trigger = trigger_of_hook()
  if not trigger then
    return { 'absent' }
  end
  touch(trigger)
  for name in pairs(secrets) do
    redis.call('HDEL', of_hook('secrets', hook_id), name)
  end
  return { 'ok' }
end

-- No `touch`: opened, the values are what they were.
function calls.replace_secrets()
  local there = of_hook('secrets', hook_id)
  for name, sealed in pairs(secrets) do
    if redis.call('HGET', there, name) == given['was=' .. name] then
      redis.call('HSET', there, name, sealed)
    end
  end
  return { 'ok' }
end

-- No `touch`: what is kept of a hook between requests does not have its document.
function calls.put_document()
  if not exists(of_hook('hook', hook_id)) then
    return { 'absent' }
  end
  local document = of_hook('document', hook_id)
  local now = redis.call('HMGET', document, 'data', 'etag')
  if given.seen and given.seen ~= (now[2] or '') then
    return { 'changed', now }
  end
  redis.call('HSET', document, 'data', given.data, 'etag', given.etag)
  return { 'ok' }
end
