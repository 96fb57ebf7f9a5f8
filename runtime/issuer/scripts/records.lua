-- Where the token server's records lie, and how they are read. The beginning of both scripts: read.lua, write.lua.
--
-- KEYS[1] is what every key begins with: all are in one slot of a cluster. Below it:
--   record:TABLE:KEY         hash    document, number, version, stamp, is_used, and =COLUMN for each column that has a value
--   all:TABLE                zset    keys by their numbers: the order of adding
--   by:TABLE:COLUMN:VALUE    zset    keys of the records whose column has this value, by their numbers
--   ends:TABLE               zset    keys by their ends, of what ends
--   numbers                  number  the newest record's
--   format                   string  whose all this is, and in which form
--   writes                   number  how many there were: another one after each
--   unfinished               string  what is moved into here, until all of it is here
--   signing_keys             string  all of them
--   form_key                 string  what login forms are authenticated by
--   failures:KIND:PAIR       zset    failures by their times
--   once:ID                  string  what a write answered that may come a second time
--
-- ARGV: which call, the write's id ("" for a read), then names and values of what else is given; `=COLUMN` is a column's.
-- A reply is a status and what belongs to it. Documents are nobody's business here: they are kept, never read.

local root, given, columns = KEYS[1], {}, {}
for place = 3, #ARGV, 2 do
  local column = string.match(ARGV[place], '^=(.*)$')
  if column then
    columns[column] = ARGV[place + 1]
  else
    given[ARGV[place]] = ARGV[place + 1]
  end
end

local function key(...)
  return table.concat({ root, ... }, ':')
end

local function record_key(name, id)
  return key('record', name, id)
end

local function exists(name, id)
  return redis.call('EXISTS', record_key(name, id)) == 1
end

-- The zsets whose common members are the records whose columns have these values; without a column, all of the table.
local function chosen(name, where)
  local zsets = {}
  for column, value in pairs(where) do
    zsets[#zsets + 1] = key('by', name, column, value)
  end
  if #zsets == 0 then
    zsets[1] = key('all', name)
  end
  return zsets
end

-- The keys of the records whose columns have these values, in their order.
local function matching(name, where)
  local zsets = chosen(name, where)
  if #zsets == 1 then
    return redis.call('ZRANGE', zsets[1], 0, -1)
  end
  return redis.call('ZINTER', #zsets, unpack(zsets))
end

-- A record as it is told: false for each field that it does not have.
local function told(name, id)
  return redis.call('HMGET', record_key(name, id), 'document', 'version', 'is_used', '=audience')
end
