-- Puts a claimed mail off, unless it was claimed again or removed meanwhile.
-- KEYS[1] the mails, as in queue-mail.lua   KEYS[2] their ids by when they are due
-- ARGV[1] id   ARGV[2] the tries that the claim was told   ARGV[3] delay in ms
-- returns 'postponed' | 'lost'
local text = redis.call('HGET', KEYS[1], ARGV[1])
if not text or cjson.decode(text).tries ~= tonumber(ARGV[2]) then return 'lost' end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[3]), ARGV[1])
return 'postponed'
