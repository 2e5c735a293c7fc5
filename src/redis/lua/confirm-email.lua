-- Makes a claim last, if it is still the caller's.
-- KEYS[1] the email   ARGV[1] user id
-- returns 'confirmed' | 'lost'
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
redis.call('PERSIST', KEYS[1])
return 'confirmed'
