-- Takes an account out of the active admins, if others are left.
-- KEYS[1] the admins, as in join-admins.lua
-- ARGV[1] user id   ARGV[2] the standing at which it is one   ARGV[3] ms for which it is remembered who left
-- returns the others; where there are none, it was not taken out
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local standing = tonumber(ARGV[2])
local others = {}
local is_later = false
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local known = cjson.decode(all[i + 1])
  if all[i] == ARGV[1] then
    is_later = known.standing > standing
  elseif known.left == 0 then
    others[#others + 1] = all[i]
  elseif now - known.left > tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], all[i])
  end
end
if #others > 0 and not is_later then
  redis.call('HSET', KEYS[1], ARGV[1], cjson.encode({ standing = standing, left = now }))
end
return others
