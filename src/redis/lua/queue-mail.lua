-- Adds a mail to those that wait, due at once.
-- KEYS[1] the mails, a hash of id to { request, queued, tries }   KEYS[2] their ids by when they are due
-- ARGV[1] id   ARGV[2] request   ARGV[3] maximum   ARGV[4] how long both keys are kept, in ms
-- returns 'queued' | 'full'
if redis.call('HGET', KEYS[1], ARGV[1]) then return 'queued' end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 'full' end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local mail = cjson.encode({ request = ARGV[2], queued = now, tries = 0 })
redis.call('HSET', KEYS[1], ARGV[1], mail)
redis.call('ZADD', KEYS[2], string.format('%.0f', now), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 'queued'
