-- Blocks a client on all instances for a while.
-- KEYS[1] the blocked clients by the end of their block   ARGV[1] client   ARGV[2] ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
-- The oldest go first, so that a flood of clients is no flood of memory.
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -10001)
redis.call('PEXPIRE', KEYS[1], ARGV[2] * 2)
return 'blocked'
