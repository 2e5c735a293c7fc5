-- Puts an account among the active admins, unless it was taken out since: a late message changes nothing.
-- KEYS[1] the admins, a hash: user id to { standing, left }, left being when it was taken out, or 0
-- ARGV[1] user id   ARGV[2] the standing at which it became one
-- returns 'joined' | 'outdated'
local stored = redis.call('HGET', KEYS[1], ARGV[1])
local standing = tonumber(ARGV[2])
if stored then
  local known = cjson.decode(stored)
  if known.standing > standing or (known.standing == standing and known.left > 0) then return 'outdated' end
end
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode({ standing = standing, left = 0 }))
return 'joined'
