-- Reads of hooks, each from one moment.

local calls = {}

local function hook_or_absent(answer)
  if not exists(of_hook('hook', hook_id)) then
    return { 'absent' }
  end
  return answer()
end

function calls.get_hook()
  return { 'ok', told(hook_id) }
end

local function wanted(id)
  local trigger, enabled, name = unpack(redis.call('HMGET', of_hook('hook', id), 'trigger', 'enabled', 'name'))
  return (not given.trigger or given.trigger == trigger)
    and given.but_trigger ~= trigger
    and (not given.enabled or given.enabled == enabled)
    and (not given.name or given.name == name)
end

function calls.list_hooks()
  local start, limit = tonumber(given.start), tonumber(given.limit)
  local ids = redis.call('ZRANGE', key('hooks', tenant), 0, -1)
  local all = not (given.trigger or given.but_trigger or given.enabled or given.name)
  local total, page = 0, {}
  for _, id in ipairs(ids) do
    if all or wanted(id) then
      if total >= start and #page < limit then
        page[#page + 1] = told(id)
      end
      total = total + 1
    end
  end
  return { 'ok', total, page }
end

function calls.enabled_hooks()
  local hooks = {}
  for _, id in ipairs(redis.call('ZRANGE', enabled_key(given.trigger), 0, -1)) do
    hooks[#hooks + 1] = told(id)
  end
  return { 'ok', hooks }
end

function calls.list_deploys()
  return hook_or_absent(function()
    return { 'ok', redis.call('LRANGE', of_hook('deploys', hook_id), 0, -1) }
  end)
end

function calls.get_version()
  return hook_or_absent(function()
    for _, deploy in ipairs(redis.call('LRANGE', of_hook('deploys', hook_id), 0, -1)) do
      local number, version = string.match(deploy, '^(%d+) (%S+) ')
      if number == given.number then
        return { 'ok', version, redis.call('HGETALL', key('version', version)) }
      end
    end
    return { 'no version' }
  end)
end

function calls.get_secrets()
  return hook_or_absent(function()
    return { 'ok', redis.call('HGETALL', of_hook('secrets', hook_id)) }
  end)
end

function calls.get_document()
  return hook_or_absent(function()
    return { 'ok', redis.call('HMGET', of_hook('document', hook_id), 'data', 'etag') }
  end)
end

return calls[ARGV[1]]()
