-- Tells what a client did on one instance within the last minute, and reads what it did on the others.
-- KEYS[1] the client's activity: a hash of instance to { at, requests, failures, routes }
-- ARGV[1] instance   ARGV[2] activity   ARGV[3] minute in ms
-- returns the other instances' activities
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local own = cjson.decode(ARGV[2])
own.at = now
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(own))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local others = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if all[i] ~= ARGV[1] and cjson.decode(all[i + 1]).at > now - ARGV[3] then others[#others + 1] = all[i + 1] end
end
return others
