-- Reads the clients that are blocked now.
-- KEYS[1] the blocked clients by the end of their block
-- returns a flat list of client and ms left
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local list = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 2, #list, 2 do list[i] = list[i] - now end
return list
