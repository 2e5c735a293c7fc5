-- Ends one session and tells every instance, in one step.
-- KEYS[1] the account's sessions   ARGV[1] sid   ARGV[2] channel   ARGV[3] user id
-- returns 'ended' | 'missing'
local session = redis.call('HGET', KEYS[1], ARGV[1])
if not session then return 'missing' end
redis.call('HDEL', KEYS[1], ARGV[1])
local time = redis.call('TIME')
if cjson.decode(session).expires <= time[1] * 1000 + math.floor(time[2] / 1000) then return 'missing' end
redis.call('PUBLISH', ARGV[2], ARGV[3] .. ' ' .. ARGV[1])
return 'ended'
