-- Reads the clients that are blocked now and were blocked since a time.
-- KEYS[1] the blocked clients by the end of their block   ARGV[1] the latest end that is known; 0: none
-- returns a flat list: the latest end, then client and ms left in turn
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
-- Blocks last the same time, so later ones end later; one of the same millisecond must not slip through.
local list = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf', 'WITHSCORES')
local reply = { ARGV[1] }
for i = 1, #list, 2 do
  reply[i + 1] = list[i]
  reply[i + 2] = list[i + 1] - now
  reply[1] = list[i + 1]
end
return reply
