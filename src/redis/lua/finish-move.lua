-- Uses a one-time token up, gives the account its new email, makes all other tokens void and tells every
-- instance, in one step; if the move has begun, and not too long ago.
-- KEYS[1] the account   KEYS[2] its one-time tokens, as in keep-token.lua
-- ARGV[1] hash of the token   ARGV[2] channel   ARGV[3] user id   ARGV[4] for how long older tokens stay void, in ms
-- returns 'moved' | 'invalid' | 'lapsed'
local text = redis.call('HGET', KEYS[2], 'change_email')
if not text then return 'invalid' end
local token = cjson.decode(text)
if token.hash ~= ARGV[1] then return 'invalid' end
local account = redis.call('HMGET', KEYS[1], 'email', 'active', 'moving', 'movingUntil')
if account[1] ~= token.email or account[2] ~= '1' then return 'invalid' end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if account[3] ~= token.newEmail or tonumber(account[4]) <= now then return 'lapsed' end

redis.call('HSET', KEYS[1], 'email', token.newEmail, 'verified', 1)
redis.call('HDEL', KEYS[1], 'moving', 'movingUntil')
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'dropped', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[2], ARGV[4])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 'moved'
