-- Lets go of an email, if it is still this account's.
-- KEYS[1] the email   ARGV[1] user id
-- returns 'released' | 'lost'
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
redis.call('DEL', KEYS[1])
return 'released'
