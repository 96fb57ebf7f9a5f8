-- Writes of hooks as another storage had them. Each may come again.

function calls.restore_hook()
  if exists(of_hook('hook', hook_id)) then
    return { 'ok' }
  end
  touch(given.trigger)
  put_version()
  list(add())
  redis.call('HSET', of_hook('hook', hook_id), 'deploys', given.number)
  put_deploy(hook_id, given.number, given['version.id'], given.at, 'RPUSH')
  redis.call('HINCRBY', key('running'), given['version.id'], 1)
  return { 'ok' }
end

-- No `touch`: what runs is another version.
function calls.restore_deploy()
  if not exists(of_hook('hook', hook_id)) then
    return { 'absent' }
  end
  local oldest = redis.call('LINDEX', of_hook('deploys', hook_id), -1)
  if tonumber(string.match(oldest, '^%d+')) > tonumber(given.number) then
    put_version()
    put_deploy(hook_id, given.number, given['version.id'], given.at, 'RPUSH')
  end
  return { 'ok' }
end
