-- Versions and their bundles: kept as long as a deploy names them, removed by whoever lets go of them last.

-- Whether the version that is given could be stored: what it names as `modules` is there, or comes with it.
local function has_bundle()
  return given['version.modules'] == '' or given.bundle or exists(key('bundle', given['version.modules']))
end

local function put_version()
  local id, modules = given['version.id'], given['version.modules']
  if not exists(key('version', id)) then
    redis.call(
      'HSET', key('version', id),
      'trigger', given['version.trigger'], 'script', given['version.script'],
      'dependencies', given['version.dependencies'], 'modules', modules, 'engine', given['version.engine']
    )
    if modules ~= '' then
      redis.call('HINCRBY', key('bundled'), modules, 1)
    end
  end
  if given.bundle and not exists(key('bundle', modules)) then
    redis.call('HSET', key('bundle', modules), 'sha256', given['bundle.sha256'], 'bundle', given.bundle)
  end
end

-- One fewer; true when it was the last.
local function let_go(counts, id)
  if redis.call('HINCRBY', key(counts), id, -1) > 0 then
    return false
  end
  redis.call('HDEL', key(counts), id)
  return true
end

local function drop_version(id)
  local modules = redis.call('HGET', key('version', id), 'modules')
  redis.call('DEL', key('version', id))
  if modules and modules ~= '' and let_go('bundled', modules) then
    redis.call('DEL', key('bundle', modules))
  end
end

-- `push` says where: at the newest end, or at the oldest.
local function put_deploy(id, number, version, at, push)
  redis.call(push, of_hook('deploys', id), number .. ' ' .. version .. ' ' .. at)
  redis.call('HINCRBY', key('uses'), version, 1)
end

-- The hook has this version from now on: the next number of its own.
local function note_deploy(id, version, at)
  put_deploy(id, redis.call('HINCRBY', of_hook('hook', id), 'deploys', 1), version, at, 'LPUSH')
  redis.call('HINCRBY', key('running'), version, 1)
end

-- All but the hook's newest `keep` deploys, and those versions that no other deploy names.
local function drop_deploys(id, keep)
  local deploys = of_hook('deploys', id)
  for _, deploy in ipairs(redis.call('LRANGE', deploys, keep, -1)) do
    local version = string.match(deploy, '^%d+ (%S+) ')
    if let_go('uses', version) then
      drop_version(version)
    end
  end
  if keep == 0 then
    redis.call('DEL', deploys)
  else
    redis.call('LTRIM', deploys, 0, keep - 1)
  end
end

-- No hook runs them any more: whoever called removes their images, which lie elsewhere.
local unused = {}

local function stop_running(version)
  if let_go('running', version) then
    unused[#unused + 1] = version
  end
end
