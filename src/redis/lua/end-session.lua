-- Ends one session and tells every instance, in one step.
-- KEYS[1] the account's sessions   ARGV[1] sid   ARGV[2] channel   ARGV[3] user id
-- returns 'ended' | 'missing'
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 'missing' end
redis.call('PUBLISH', ARGV[2], ARGV[3] .. ' ' .. ARGV[1])
return 'ended'
