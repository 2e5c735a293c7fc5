-- Ends one session and tells every instance, in one step.
-- KEYS[1] the account's sessions, as in start-session.lua   ARGV[1] sid   ARGV[2] channel   ARGV[3] user id
-- returns 'ended' | 'missing'
-- People may name any: what lies beside the records is none, and holds what a client has said of itself.
if string.find(ARGV[1], '.', 1, true) then return 'missing' end
local record = redis.call('HGET', KEYS[1], ARGV[1])
if not record then return 'missing' end
local created, rotated, idle, number, pieces = string.match(record, '^(%S+) (%S+) %S+ (%S+) %S+ (%S+) (%S+)')
local names = {}
for i = 1, tonumber(pieces) do names[i] = number .. string.rep('.', i) end
redis.call('HDEL', KEYS[1], ARGV[1], unpack(names))
local time = redis.call('TIME')
if created + rotated + idle <= time[1] * 1000 + math.floor(time[2] / 1000) then return 'missing' end
redis.call('PUBLISH', ARGV[2], ARGV[3] .. ' ' .. ARGV[1])
return 'ended'
