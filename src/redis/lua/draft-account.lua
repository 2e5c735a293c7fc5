-- Writes an account that lapses unless it is kept. One that is there already stays as it is, and so does a
-- draft of the same id for another email.
-- KEYS[1] the account   ARGV[1] its life in ms   ARGV[2] its email   ARGV[3...] all fields and values
-- returns 'drafted' | 'taken'
local email = redis.call('HGET', KEYS[1], 'email')
if email and (email ~= ARGV[2] or not redis.call('HGET', KEYS[1], 'draft')) then return 'taken' end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 'drafted'
