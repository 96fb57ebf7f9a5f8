-- Writes of hooks. A script is not rolled back: each looks at everything first, and then writes without a way to fail.

local calls, touched = {}, {}

-- Of this extensibility point something is another now.
local function touch(trigger)
  touched[trigger] = true
end

-- The hook that can not be enabled beside this one, or false; nil where too many others are. `but` counts as gone.
local function rival_of(trigger, alone_for, but)
  local others, rival = 0, false
  for _, id in ipairs(redis.call('ZRANGE', enabled_key(trigger), 0, -1)) do
    if id ~= hook_id and id ~= but then
      others = others + 1
      if alone_for ~= '' and redis.call('HGET', of_hook('hook', id), 'alone_for') == alone_for then
        rival = id
      end
    end
  end
  if not rival and others >= tonumber(given.enabled_most) then
    return nil
  end
  return rival
end

local function disable(id, trigger, at)
  redis.call('HSET', of_hook('hook', id), 'enabled', '0', 'updated_at', at)
  redis.call('ZREM', enabled_key(trigger), id)
end

local function put_secrets(id)
  for name, sealed in pairs(secrets) do
    redis.call('HSET', of_hook('secrets', id), name, sealed)
  end
end

-- A new hook, the newest of all; the number by which it is found.
local function add()
  local number = redis.call('INCR', key('numbers'))
  redis.call(
    'HSET', of_hook('hook', hook_id),
    'name', given.name, 'trigger', given.trigger, 'enabled', given.enabled, 'version', given['version.id'],
    'created_at', given.created_at, 'updated_at', given.updated_at,
    'policy', given.policy, 'alone_for', given.alone_for, 'meta', given.meta, 'number', number
  )
  put_secrets(hook_id)
  return number
end

local function list(number)
  redis.call('ZADD', key('hooks', tenant), number, hook_id)
  redis.call('HSET', key('names', tenant), name_field(given.trigger, given.name), hook_id)
  if given.enabled == '1' then
    redis.call('ZADD', enabled_key(given.trigger), number, hook_id)
  end
end

local function remove(id)
  local hook = fields_of(of_hook('hook', id))
  touch(hook.trigger)
  redis.call('ZREM', key('hooks', tenant), id)
  redis.call('ZREM', enabled_key(hook.trigger), id)
  redis.call('HDEL', key('names', tenant), name_field(hook.trigger, hook.name))
  redis.call('DEL', of_hook('hook', id), of_hook('secrets', id), of_hook('document', id))
  drop_deploys(id, 0)
  stop_running(hook.version)
end

function calls.create_hook()
  local old, trigger, rival = given.instead_of, given.trigger, false
  if old and not exists(of_hook('hook', old)) then
    return { 'absent' }
  end
  if exists(of_hook('hook', hook_id)) then
    return { 'there' }
  end
  local owner = redis.call('HGET', key('names', tenant), name_field(trigger, given.name))
  if owner and owner ~= old then
    return { 'taken' }
  end
  if given.most and redis.call('ZCARD', key('hooks', tenant)) - (old and 1 or 0) >= tonumber(given.most) then
    return { 'too many' }
  end
  if given.enabled == '1' then
    rival = rival_of(trigger, given.alone_for, old)
    if rival == nil then
      return { 'too many enabled' }
    end
  end
  if not has_bundle() then
    return { 'stale' }
  end

  touch(trigger)
  put_version()
  local number = add()
  note_deploy(hook_id, given['version.id'], given.created_at)
  if old then
    remove(old)
  end
  list(number)
  if rival then
    disable(rival, trigger, given.created_at)
  end
  return { 'ok', told(hook_id), rival and told(rival), unused }
end

-- Whether what the change was decided on is another by now.
local function is_stale(hook)
  return given['seen.version'] ~= nil
    and (
      given['seen.version'] ~= hook.version
      or given['seen.enabled'] ~= hook.enabled
      or given['seen.policy'] ~= hook.policy
    )
end

function calls.update_hook()
  local hook = fields_of(of_hook('hook', hook_id))
  if not hook then
    return { 'absent' }
  end
  if is_stale(hook) then
    return { 'stale' }
  end
  local names, rival = key('names', tenant), false
  local name, enabled = given.name or hook.name, given.enabled or hook.enabled
  local policy, alone_for = given.policy or hook.policy, given.alone_for or hook.alone_for
  local version = given['version.id'] or hook.version
  if name ~= hook.name and redis.call('HEXISTS', names, name_field(hook.trigger, name)) == 1 then
    return { 'taken' }
  end
  if enabled == '1' and (hook.enabled == '0' or policy ~= hook.policy) then
    rival = rival_of(hook.trigger, alone_for)
    if rival == nil then
      return { 'too many enabled' }
    end
  end
  if version ~= hook.version and not has_bundle() then
    return { 'stale' }
  end

  touch(hook.trigger)
  if version ~= hook.version then
    put_version()
    note_deploy(hook_id, version, given.at)
    drop_deploys(hook_id, tonumber(given.keep))
    stop_running(hook.version)
  end
  redis.call(
    'HSET', of_hook('hook', hook_id),
    'name', name, 'enabled', enabled, 'version', version, 'updated_at', given.at,
    'policy', policy, 'alone_for', alone_for, 'meta', given.meta or hook.meta
  )
  redis.call('HDEL', names, name_field(hook.trigger, hook.name))
  redis.call('HSET', names, name_field(hook.trigger, name), hook_id)
  if rival then
    disable(rival, hook.trigger, given.at)
  end
  if enabled == '1' then
    redis.call('ZADD', enabled_key(hook.trigger), hook.number, hook_id)
  else
    redis.call('ZREM', enabled_key(hook.trigger), hook_id)
  end
  if given.secrets then
    redis.call('DEL', of_hook('secrets', hook_id))
    put_secrets(hook_id)
  end
  return { 'ok', told(hook_id), rival and told(rival), unused }
end

function calls.delete_hook()
  local hook = told(hook_id)
  if not hook then
    return { 'absent' }
  end
  remove(hook_id)
  return { 'ok', hook, false, unused }
end
