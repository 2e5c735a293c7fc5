-- Ends one session.
-- KEYS[1] the account's sessions   ARGV[1] sid
-- returns 'ended' | 'missing'
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 'missing' end
return 'ended'
