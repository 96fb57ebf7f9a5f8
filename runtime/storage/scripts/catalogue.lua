-- Where everything of the hooks lies, and how it is read. The beginning of both scripts of the hooks: read.lua, write.lua.
--
-- KEYS[1] is the catalogue's name, which every key of it begins with: all are in one slot of a cluster. Below it:
--   hooks:TENANT                zset    id of each hook by its number: the order of creation
--   hook:TENANT:ID              hash    name trigger enabled version created_at updated_at policy alone_for meta number deploys
--   names:TENANT                hash    trigger and name -> id
--   enabled:TENANT:TRIGGER      zset    id of each enabled hook by its number
--   deploys:TENANT:ID           list    "number version at", the newest first
--   secrets:TENANT:ID           hash    name -> sealed value
--   document:TENANT:ID          hash    data etag
--   version:ID                  hash    trigger script dependencies modules engine; never changed
--   bundle:ID                   hash    sha256 bundle
--   uses                        hash    version -> how many deploys name it
--   running                     hash    version -> how many hooks have it now
--   bundled                     hash    bundle -> how many versions name it
--   numbers                     number  the newest hook's
--   unfinished                  string  what is being moved in here
--   changes                     stream  tenant trigger write after, of each change of what runs there; the write before
--   changes.number              number  the newest change's
--   once:ID                     string  what a write answered that may come a second time
--
-- ARGV: which call, the write's id ("" for a read), tenant, hook, then names and values of what else is given.
-- A reply is a status and what belongs to it. Texts are nobody's business here: they are compared, never read.

local root, tenant, hook_id = KEYS[1], ARGV[3], ARGV[4]

local given, secrets = {}, {}
for place = 5, #ARGV, 2 do
  local secret = string.match(ARGV[place], '^secret=(.*)$')
  if secret then
    secrets[secret] = ARGV[place + 1]
  else
    given[ARGV[place]] = ARGV[place + 1]
  end
end

local function key(...)
  return table.concat({ root, ... }, ':')
end

local function of_hook(kind, id)
  return key(kind, tenant, id)
end

local function enabled_key(trigger)
  return key('enabled', tenant, trigger)
end

-- A trigger's length ends where no trigger's text can: nothing else gives the same field.
local function name_field(trigger, name)
  return #trigger .. ':' .. trigger .. ':' .. name
end

local function exists(name)
  return redis.call('EXISTS', name) == 1
end

-- The fields of a hash as a table; nil where there is none.
local function fields_of(name)
  local flat = redis.call('HGETALL', name)
  if #flat == 0 then
    return nil
  end
  local fields = {}
  for place = 1, #flat, 2 do
    fields[flat[place]] = flat[place + 1]
  end
  return fields
end

-- A hook and its version as they are told: false where there is none.
local function told(id)
  local hook = redis.call('HGETALL', of_hook('hook', id))
  if #hook == 0 then
    return false
  end
  local version = redis.call('HGET', of_hook('hook', id), 'version')
  return { id, hook, redis.call('HGETALL', key('version', version)) }
end
