-- Starts a session and notes the sign-in; past the cap, the oldest sessions end. Tells every instance.
-- KEYS[1] the account   KEYS[2] its sessions
-- ARGV[1] sid   ARGV[2] password version   ARGV[3] ip   ARGV[4] user agent
-- ARGV[5] idle ms   ARGV[6] absolute ms   ARGV[7] cap   ARGV[8] channel   ARGV[9] user id
-- returns { session, account fields, how many ended } | 'account_changed'
if redis.call('HGET', KEYS[1], 'active') ~= '1'
  or redis.call('HGET', KEYS[1], 'passwordVersion') ~= ARGV[2] then
  return 'account_changed'
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = now + ARGV[6]
local expires = math.min(now + ARGV[5], ends)

-- The oldest come first. Those already past their end do not count, nor does this one if it is started again.
local live = {}
local latest = expires
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local other = cjson.decode(all[i + 1])
  if other.expires <= now then
    redis.call('HDEL', KEYS[2], all[i])
  elseif all[i] ~= ARGV[1] then
    live[#live + 1] = { sid = all[i], created = other.created }
    latest = math.max(latest, other.expires)
  end
end
table.sort(live, function (a, b)
  return a.created < b.created or (a.created == b.created and a.sid < b.sid)
end)
local ended = math.max(0, #live - tonumber(ARGV[7]) + 1)
for i = 1, ended do
  redis.call('HDEL', KEYS[2], live[i].sid)
end

local session = cjson.encode({
  created = now, rotated = now, generation = 1, expires = expires, ends = ends, ip = ARGV[3], agent = ARGV[4]
})
redis.call('HSET', KEYS[2], ARGV[1], session)
redis.call('PEXPIREAT', KEYS[2], string.format('%.0f', latest))
redis.call('HSET', KEYS[1], 'lastLogin', string.format('%.0f', now))
redis.call('PUBLISH', ARGV[8], ended == 0 and ARGV[9] .. ' *' or ARGV[9])
return { session, redis.call('HGETALL', KEYS[1]), ended }
