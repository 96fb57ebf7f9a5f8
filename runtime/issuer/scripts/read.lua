-- Reads of records, each from one moment.

local calls = {}

function calls.get()
  return told(given.table, given.key)
end

function calls.page()
  local start, limit = tonumber(given.start), tonumber(given.limit)
  local zsets, page, total, ids = chosen(given.table, columns), {}, 0, nil
  if #zsets == 1 then
    total = redis.call('ZCARD', zsets[1])
    ids = limit > 0 and redis.call('ZRANGE', zsets[1], start, start + limit - 1) or {}
  else
    local all = matching(given.table, columns)
    total, ids = #all, {}
    for place = start + 1, math.min(start + limit, #all) do
      ids[#ids + 1] = all[place]
    end
  end
  for _, id in ipairs(ids) do
    page[#page + 1] = told(given.table, id)
  end
  return { total, page }
end

return calls[ARGV[1]]()
