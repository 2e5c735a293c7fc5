-- Ends all sessions of an account and tells every instance, in one step.
-- KEYS[1] the account's sessions   ARGV[1] channel   ARGV[2] user id
-- returns how many there were that had not ended already
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local count = 0
for _, session in ipairs(redis.call('HVALS', KEYS[1])) do
  if cjson.decode(session).expires > now then count = count + 1 end
end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return count
