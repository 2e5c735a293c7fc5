-- Ends all sessions of an account and tells every instance, in one step.
-- KEYS[1] the account's sessions, as in start-session.lua   ARGV[1] channel   ARGV[2] user id
-- returns how many there were that had not ended already
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local count = 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if not string.find(all[i], '.', 1, true) then
    local created, rotated, idle = string.match(all[i + 1], '^(%S+) (%S+) %S+ (%S+)')
    if created + rotated + idle > now then count = count + 1 end
  end
end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return count
