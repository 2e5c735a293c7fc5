-- Writes an account that lapses unless it is kept.
-- KEYS[1] the account   ARGV[1] its life in ms   ARGV[2...] fields and values
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 'drafted'
