-- Writes of clients, APIs, client grants and users. A script is not rolled back: each looks at everything first, and then writes
-- without a way to fail.

local calls = {}

-- What must be another in each record of a table.
local unique = {
  resource_servers = { { 'identifier' } },
  client_grants = { { 'client_id', 'audience' } },
  users = { { 'username' }, { 'email' } },
}
-- What has a column of another record's: `client_id`, `user_id`, `audience`.
local children = { 'client_grants', 'refresh_tokens', 'authorization_codes' }

-- Takes a record out of all that it is found by, and its columns from it.
local function unlist(name, id)
  local record = record_key(name, id)
  for _, field in ipairs(redis.call('HKEYS', record)) do
    local column = string.match(field, '^=(.*)$')
    if column then
      redis.call('ZREM', key('by', name, column, redis.call('HGET', record, field)), id)
      redis.call('HDEL', record, field)
    end
  end
end

local function list(name, id, its)
  local record = record_key(name, id)
  local number = redis.call('HGET', record, 'number')
  for column, value in pairs(its) do
    redis.call('HSET', record, '=' .. column, value)
    redis.call('ZADD', key('by', name, column, value), number, id)
  end
  redis.call('HINCRBY', record, 'version', 1)
end

local function drop(name, id)
  unlist(name, id)
  redis.call('ZREM', key('all', name), id)
  redis.call('ZREM', key('ends', name), id)
  redis.call('DEL', record_key(name, id))
end

-- All of a table that have this value; how many there were.
local function drop_all(name, where)
  local ids = matching(name, where)
  for _, id in ipairs(ids) do
    drop(name, id)
  end
  return #ids
end

-- The given record, new or in place of the one with its key.
local function keep()
  local name, id = given.table, given.key
  local record = record_key(name, id)
  if not exists(name, id) then
    local number = redis.call('INCR', key('numbers'))
    redis.call('HSET', record, 'number', number)
    redis.call('ZADD', key('all', name), number, id)
  end
  redis.call('HSET', record, 'document', given.document, 'stamp', given.stamp or '', 'is_used', given.is_used or '0')
  if given.ends then
    redis.call('ZADD', key('ends', name), given.ends, id)
  end
  unlist(name, id)
  list(name, id, columns)
end

-- Whether something that the given record names by its columns is gone.
local function is_dangling()
  local is_child = false
  for _, name in ipairs(children) do
    is_child = is_child or name == given.table
  end
  return is_child
    and (
      not exists('clients', columns.client_id)
      or columns.user_id and not exists('users', columns.user_id)
      or #matching('resource_servers', { identifier = columns.audience }) == 0
    )
end

-- The reply that refuses the given record, or nil.
local function fault()
  for _, names in ipairs(unique[given.table] or {}) do
    local where, has_all = {}, true
    for _, column in ipairs(names) do
      where[column] = columns[column]
      has_all = has_all and columns[column] ~= nil
    end
    if has_all then
      for _, id in ipairs(matching(given.table, where)) do
        if id ~= given.key then
          return { 'taken', names }
        end
      end
    end
  end
  if is_dangling() then
    return { 'dangling' }
  end
end

-- Whether the given API has another identifier than before, by which something names it.
local function leaves_children()
  local before = redis.call('HGET', record_key(given.table, given.key), '=identifier')
  if not before or before == columns.identifier then
    return false
  end
  for _, name in ipairs(children) do
    if #matching(name, { audience = before }) > 0 then
      return true
    end
  end
  return false
end

function calls.put()
  local refused = fault()
  if refused then
    return refused
  end
  if leaves_children() then
    return { 'dangling' }
  end
  -- Only a user has a stamp: another one ends what the user gave to clients.
  local before = redis.call('HGET', record_key(given.table, given.key), 'stamp')
  keep()
  if before and before ~= (given.stamp or '') then
    drop_all('refresh_tokens', { user_id = given.key })
    drop_all('authorization_codes', { user_id = given.key })
  end
  return { 'ok' }
end

function calls.add()
  if exists(given.table, given.key) then
    return { 'there' }
  end
  return calls.put()
end

-- Of the record as its caller has seen it.
function calls.change()
  local version = redis.call('HGET', record_key(given.table, given.key), 'version')
  if not version then
    return { 'absent' }
  end
  if version ~= given.version then
    return { 'stale' }
  end
  return calls.put()
end

function calls.remove()
  local name, id = given.table, given.key
  if not exists(name, id) then
    return { 'absent' }
  end
  local named = { clients = 'client_id', users = 'user_id', resource_servers = 'audience' }
  if named[name] then
    local value = name == 'resource_servers' and redis.call('HGET', record_key(name, id), '=identifier') or id
    for _, child in ipairs(children) do
      drop_all(child, { [named[name]] = value })
    end
  end
  drop(name, id)
  return { 'ok' }
end

-- An API has another identifier, and what named it by the old one names it by the new one.
function calls.move()
  local refused = fault()
  if refused then
    return refused
  end
  keep()
  for _, name in ipairs(children) do
    for _, id in ipairs(matching(name, { audience = given.old })) do
      local its, record = {}, record_key(name, id)
      for _, field in ipairs(redis.call('HKEYS', record)) do
        local column = string.match(field, '^=(.*)$')
        if column then
          its[column] = redis.call('HGET', record, field)
        end
      end
      its.audience = columns.identifier
      unlist(name, id)
      list(name, id, its)
    end
  end
  return { 'ok' }
end

-- All signing keys, as their caller has seen them.
function calls.sign()
  if (redis.call('GET', key('signing_keys')) or '') ~= given.was then
    return { 'stale' }
  end
  redis.call('SET', key('signing_keys'), given.keys)
  return { 'ok' }
end
